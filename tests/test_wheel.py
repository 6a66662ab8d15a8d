"""The wheel: holds every page, table and template, and works without the source tree."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    (made,) = folder.glob("*.whl")
    return made


def test_it_holds_everything_that_is_not_python_too(wheel: Path) -> None:
    wanted = {
        path.relative_to(SRC).as_posix()
        for path in (SRC / "backstay").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    names = set(zipfile.ZipFile(wheel).namelist())
    assert wanted <= names
    assert any(name.endswith(".md") for name in wanted)
    assert any(name.endswith(".toml") for name in wanted)
    assert {name.split("/")[0] for name in names} == {"backstay", f"{wheel.name.rsplit('-', 3)[0]}.dist-info"}


def test_installed_it_knows_the_same_plugins_as_the_source(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    site = next((home / "lib").glob("python*")) / "site-packages"
    zipfile.ZipFile(wheel).extractall(site)
    # The dependencies of the environment that runs the tests, after the wheel's own package.
    inherited = [path for path in sys.path if path.endswith("site-packages")]
    (site / "inherited.pth").write_text("\n".join(inherited) + "\n")
    question = (
        "import backstay; from backstay import registry; from backstay.catalog import control_sets, tables\n"
        "print(backstay.__file__)\n"
        "print(*(r.id for r in registry.rules()), *(d.id for d in registry.detectors()),"
        " *(e.id for e in registry.exporters()), *(t.id for t in tables.tables()),"
        " *(f.id for f in control_sets.frameworks()), *(registry.info(r).title for r in registry.rules()))"
    )

    def ask(executable: Path | str) -> list[str]:
        done = subprocess.run(
            [str(executable), "-I", "-c", question],
            check=True,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=120,
        )
        return done.stdout.splitlines()

    installed, source = ask(python), ask(sys.executable)
    assert Path(installed[0]).is_relative_to(home)
    assert installed[1:] == source[1:]
