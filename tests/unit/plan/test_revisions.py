"""A spec as git has it, with everything that it names."""

from __future__ import annotations

import os
import pathlib
import subprocess
import tempfile
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from workmail_org.cli import main
from workmail_org.errors import RevisionError, SpecError
from workmail_org.model.organization import Environment
from workmail_org.plan.against import Place, read_base
from workmail_org.plan.revisions import check_out, find_revision

Git = Callable[..., str]

PRODUCTION = """\
version: 1
environment: production
organizations:
  acme:
    region: eu-west-1
    alias: acme
    users: !csv people.csv
    groups: !include parts/groups.yaml
"""
FILES = {
    "config/production.yaml": PRODUCTION,
    "config/people.csv": "name,display_name\nalice,Alice\n",
    "config/parts/groups.yaml": "team: {members: [alice]}\n",
    "config/overlay.yaml": "extends: production.yaml\nenvironment: other\n",
    "README.md": "elsewhere\n",
}
ENVIRONMENT = Environment(name="production")


@pytest.fixture
def git(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Git in a repository of its own, whatever the machine's settings say."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)

    def run(*arguments: str) -> str:
        who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@acme.example")
        done = subprocess.run(  # noqa: S603 - a test's own words
            ["git", *who, *arguments],  # noqa: S607 - whichever git the machine has
            capture_output=True,
            check=True,
            text=True,
        )
        return done.stdout.strip()

    run("init", "--quiet", "--initial-branch=main")
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    run("add", ".")
    run("commit", "--quiet", "--message=first")
    return run


def list_users(text: str, spec: str = "config/production.yaml") -> list[str]:
    base = read_base(text, Place(spec=pathlib.Path(spec)), ENVIRONMENT)
    (standing,) = base.stacks.values()

    assert standing.declaration is not None
    return [user.name for user in standing.declaration.users.users]


@pytest.mark.parametrize("text", ["main", "HEAD", "git:main", "HEAD~1"])
def test_includes_and_tables_come_from_the_revision(git: Git, text: str) -> None:
    if text == "HEAD~1":
        git("commit", "--quiet", "--allow-empty", "--message=second")
    pathlib.Path("config/people.csv").write_text("name,display_name\nmallory,Mallory\n")
    pathlib.Path("config/parts/groups.yaml").unlink()

    assert ["alice"] == list_users(text)


def test_overlays_come_from_the_revision(git: Git) -> None:
    del git
    pathlib.Path("config/production.yaml").write_text("nonsense")

    assert ["alice"] == list_users("main", "config/overlay.yaml")


def test_a_file_goes_before_a_revision_of_the_same_name(git: Git) -> None:
    git("branch", "same")
    pathlib.Path("same").write_text(
        PRODUCTION.replace("!csv people.csv", "{bob: {display_name: B}}").replace(
            "!include parts/groups.yaml", "{}"
        )
    )

    assert ["bob"] == list_users("same")
    assert ["alice"] == list_users("git:same")


def test_a_spec_that_is_new_has_nothing_to_be_compared_with(git: Git) -> None:
    del git
    pathlib.Path("config/new.yaml").write_text(PRODUCTION)
    base = read_base("main", Place(spec=pathlib.Path("config/new.yaml")), ENVIRONMENT)

    assert {} == base.stacks
    assert base.name.endswith("which has no such spec")


def test_a_spec_in_a_new_folder_is_looked_for_all_the_same(git: Git) -> None:
    del git
    base = read_base("main", Place(spec=pathlib.Path("other/deep/new.yaml")), ENVIRONMENT)

    assert {} == base.stacks


@pytest.mark.parametrize("after", ["config/prod.yaml", "config/eu.yaml"])
def test_a_spec_that_was_renamed_is_compared_with_itself(git: Git, after: str) -> None:
    git("mv", "config/production.yaml", after)
    pathlib.Path(after).write_text(PRODUCTION.replace("alias: acme", "alias: acme-eu"))
    base = read_base("main", Place(spec=pathlib.Path(after)), ENVIRONMENT)

    assert base.name.endswith(", where it is called config/production.yaml")
    assert ["alice"] == list_users("main", after)


def test_a_spec_that_was_moved_is_compared_with_itself_unless_that_is_outside_of_the_root(
    git: Git,
) -> None:
    spec = pathlib.Path("specs/eu.yaml")
    spec.parent.mkdir()
    git("mv", "config/production.yaml", str(spec))
    inside = read_base("main", Place(spec=spec, root=pathlib.Path()), ENVIRONMENT)
    outside = read_base("main", Place(spec=spec, root=spec.parent), ENVIRONMENT)

    assert (1, 0) == (len(inside.stacks), len(outside.stacks))
    assert outside.name.endswith(", which has no such spec")


def test_a_spec_that_was_copied_is_new(git: Git) -> None:
    spec = pathlib.Path("config/copy.yaml")
    spec.write_text(PRODUCTION)
    git("add", ".")

    assert {} == read_base("main", Place(spec=spec), ENVIRONMENT).stacks


def test_a_base_that_is_wrong_is_told_with_its_place_in_the_revision(git: Git) -> None:
    pathlib.Path("config/people.csv").write_text("name,shoe_size\nalice,42\n")
    git("commit", "--quiet", "--all", "--message=wrong")
    with pytest.raises(SpecError) as caught:
        list_users("HEAD")

    assert str(caught.value).startswith("HEAD:config/people.csv:1:6: ")


def test_a_link_out_of_the_folder_is_not_followed(git: Git, tmp_path: pathlib.Path) -> None:
    secret = tmp_path.parent / "outside.yaml"
    secret.write_text("team: {}\n")
    groups = pathlib.Path("config/parts/groups.yaml")
    groups.unlink()
    groups.symlink_to(secret)
    git("add", ".")
    git("commit", "--quiet", "--message=link")
    with pytest.raises(SpecError, match="outside"):
        list_users("HEAD")


def test_a_link_within_the_folder_is_followed(git: Git) -> None:
    groups = pathlib.Path("config/parts/groups.yaml")
    groups.rename("config/parts/real.yaml")
    groups.symlink_to("real.yaml")
    git("add", ".")
    git("commit", "--quiet", "--message=link")

    assert ["alice"] == list_users("HEAD")


def test_a_spec_below_a_linked_folder_is_found(git: Git) -> None:
    pathlib.Path("linked").symlink_to("config")
    git("add", ".")
    git("commit", "--quiet", "--message=link")

    assert ["alice"] == list_users("HEAD", "linked/production.yaml")


def test_attributes_do_not_change_what_is_read(git: Git) -> None:
    pathlib.Path(".gitattributes").write_text("config/people.csv export-ignore\n")
    git("add", ".")
    git("commit", "--quiet", "--message=attributes")

    assert ["alice"] == list_users("HEAD")


def test_only_what_lies_below_the_root_is_written(git: Git) -> None:
    commit = git("rev-parse", "HEAD")
    with check_out(pathlib.Path("config/production.yaml"), commit) as checkout:
        files = {str(path.relative_to(checkout.folder)) for path in checkout.folder.rglob("*.*")}

    assert {name for name in FILES if name.startswith("config/")} == files
    assert not checkout.folder.exists()


def test_a_wider_root_is_written_whole(git: Git) -> None:
    commit = git("rev-parse", "HEAD")
    with check_out(pathlib.Path("config/production.yaml"), commit, root=pathlib.Path()) as checkout:
        assert (checkout.folder / "README.md").is_file()


Tree = list[tuple[str, str, str]]
"""Entries of a tree: mode, name and id, written as they are."""


def make_tree(entries: Tree) -> str:
    """Write a tree that git itself would not make; return its id."""
    raw = [f"{mode} {name}\0".encode() + bytes.fromhex(id_) for mode, name, id_ in entries]
    written = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"],  # noqa: S607
        input=b"".join(raw),
        capture_output=True,
        check=True,
    )
    return written.stdout.decode().strip()


def commit_config(git: Git, entries: Tree) -> str:
    """Commit a folder config/ and nothing else; return the commit's id."""
    return git("commit-tree", "-m", "hostile", make_tree([("40000", "config", make_tree(entries))]))


def make_hostile_trees(git: Git, outside: pathlib.Path) -> dict[str, Tree]:
    """Give entries of the folder config/, beside the spec, that lead out of it."""
    blob = git("rev-parse", "HEAD:config/people.csv")
    pathlib.Path("target").write_text(str(outside))
    link = git("hash-object", "-w", "target")
    below = git("rev-parse", "HEAD:config/parts")
    spec = ("100644", "production.yaml", git("rev-parse", "HEAD:config/production.yaml"))
    return {
        "an absolute name": [spec, ("100644", f"{outside}/groups.yaml", blob)],
        "a name with ..": [spec, ("100644", f"../../../{outside.name}/groups.yaml", blob)],
        "a folder ..": [("40000", "..", below), spec],
        "a folder .": [("40000", ".", below), spec],
        "a link and a folder": [("120000", "a", link), ("40000", "a", below), spec],
        "a folder and a link": [("40000", "a", below), ("120000", "a", link), spec],
        "a link and a file below": [("120000", "a", link), ("100644", "a/groups.yaml", blob), spec],
        "a file twice": [("100644", "a", blob), ("100755", "a", blob), spec],
        "a file and a folder": [("100644", "a", blob), ("40000", "a", below), spec],
        "a name that is too long": [("100644", "a" * 300, blob), spec],
    }


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("an absolute name", "leads out of its folder"),
        ("a name with ..", "leads out of its folder"),
        ("a folder ..", "leads out of its folder"),
        ("a folder .", "leads out of its folder"),
        ("a link and a folder", "something else in its place"),
        ("a folder and a link", "something else in its place"),
        ("a link and a file below", "something else in its place"),
        ("a file twice", "something else in its place"),
        ("a file and a folder", "something else in its place"),
        ("a name that is too long", "cannot be written"),
    ],
)
def test_nothing_is_written_outside_whatever_a_tree_holds(
    git: Git, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, kind: str, said: str
) -> None:
    outside, temporary = tmp_path / "outside", tmp_path / "temporary"
    outside.mkdir()
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    commit = commit_config(git, make_hostile_trees(git, outside)[kind])
    done = CliRunner().invoke(main, ["plan", "config/production.yaml", "--against", commit])

    assert (2, "") == (done.exit_code, done.stdout)
    assert said in done.stderr
    assert [] == [*outside.iterdir(), *temporary.iterdir()]


def test_a_blob_that_is_not_there_is_reported(git: Git) -> None:
    entries = [
        ("100644", "people.csv", "1" * 40),
        ("100644", "production.yaml", git("rev-parse", "HEAD:config/production.yaml")),
    ]
    with pytest.raises(RevisionError, match="fetch the whole revision first"):
        list_users(commit_config(git, entries))


@pytest.mark.parametrize("text", ["nowhere", "--help", "git:nowhere", ""])
def test_what_is_no_revision_is_refused(git: Git, text: str) -> None:
    del git
    with pytest.raises(RevisionError, match="is not a file, and git knows no such revision here"):
        list_users(text)


def test_a_shallow_clone_says_how_to_get_the_revision(
    git: Git, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("commit", "--quiet", "--allow-empty", "--message=second")
    git("clone", "--quiet", "--depth=1", tmp_path.as_uri(), "shallow")
    monkeypatch.chdir("shallow")
    with pytest.raises(RevisionError, match=r"this shallow clone has no .* fetch-depth: 0"):
        list_users("HEAD~1")

    assert ["alice"] == list_users("HEAD")


def test_a_folder_that_is_no_repository_is_told(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(RevisionError, match="not a git repository"):
        find_revision(tmp_path / "spec.yaml", "main")


def test_a_machine_without_git_is_told(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RevisionError, match="git is not installed"):
        find_revision(tmp_path / "spec.yaml", "main")


def test_a_spec_outside_of_its_repository_is_refused(git: Git, tmp_path: pathlib.Path) -> None:
    commit = git("rev-parse", "HEAD")
    spec = pathlib.Path("config/production.yaml")
    with (
        pytest.raises(RevisionError, match="lies outside of the repository"),
        check_out(spec, commit, root=tmp_path.parent),
    ):
        pass
