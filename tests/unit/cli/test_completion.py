"""What a shell reads to complete commands: it is understood, and knows them all."""

import shutil
import subprocess

import pytest

from simulator import cli


def test_bash_completes_commands_and_files(capsys):
    if shutil.which("bash") is None:
        pytest.skip("no bash")
    assert cli.main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    asked = (
        "COMP_WORDS=(simulator co); COMP_CWORD=1; _shtab_simulator; echo ${COMPREPLY[@]}; "
        "COMP_WORDS=(simulator check p); COMP_CWORD=2; _shtab_simulator; echo ${COMPREPLY[@]}"
    )
    process = subprocess.run(
        ["bash", "-c", f"{script}\n{asked}"], cwd=cli.__path__[0] + "/../..", capture_output=True, text=True, check=True
    )
    commands, files = process.stdout.splitlines()
    assert commands.split() == ["compare", "completion"]
    assert files.split() == ["pyproject.toml"]


@pytest.mark.parametrize("shell", ["zsh", "tcsh"])
def test_other_shells_know_every_command(capsys, shell):
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert [name for name in ("check", "simulate", "capacity", "--axis") if name.lstrip("-") not in script] == []
