"""Importing: from what is live to a new file that says it, with the proof. AWS is only read.

Reading, fitting, drafting and proving follow each other once; the file gets its name at the end, so
that whatever stops an import leaves nothing behind.
"""

from __future__ import annotations

import errno
import os
import pathlib
import re
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

from workmail_org.errors import FolderError, NotFoundError, ServiceError, TemporaryError
from workmail_org.importing.confirming import list_changes
from workmail_org.importing.connecting import Connections
from workmail_org.importing.drafting import Drafted, Names, draft
from workmail_org.importing.fitting import Fitted, Remainder, fit
from workmail_org.importing.keeping import remember
from workmail_org.importing.managing import add_managed
from workmail_org.importing.proving import Proof, prove
from workmail_org.importing.zoning import add_zones, find_zone, list_domains
from workmail_org.model.domain import HostedZone
from workmail_org.model.live import LiveDomain, LiveOrganization, Snapshot, State
from workmail_org.model.organization import Environment
from workmail_org.model.values import fold
from workmail_org.plan.declarations import decode_template
from workmail_org.service.clients import PATIENCE
from workmail_org.service.directories import DirectoryService
from workmail_org.service.reading import list_organizations
from workmail_org.service.snapshot import SnapshotReader, read_snapshot
from workmail_org.service.templates import load_outside, read_stack
from workmail_org.service.workmail import WorkMail
from workmail_org.service.zones import PublicZone, list_candidates, list_zones, read_zone
from workmail_org.wire.names import OWNER_TAG

TABLE_FROM = 50
"""Users from which on a table is easier to read than the spec; a guess."""

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What a file system says that knows no hard links, such as FAT (link(2))."""

_LONGEST_KEY = 40
"""Characters of the key of an organization (design.md §3)."""

Follow = Callable[[str, str, int, int], None]
"""Told of the key of an organization, what is read of it, how many are done, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be imported, and into what.

    Attributes:
        aliases: Of organizations; empty, with `ids` empty too: all that there are.
        key: Spec key of the one organization; `None`: made from its alias.
        output: `None`: nothing is written, the text is all.
        table: Of people; `None`: they are in the spec, however many.
        resumes: Whether what an interrupted import has read is taken up.
    """

    regions: Sequence[str]
    aliases: Sequence[str] = ()
    ids: Sequence[str] = ()
    key: str | None = None
    environment: str = "production"
    output: pathlib.Path | None = None
    table: pathlib.Path | None = None
    resumes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of an import.

    Attributes:
        snapshots: By key of the organization.
        paths: Of the files that were written, the spec first.
        calls: How often each action was asked for, as IAM names it.
    """

    drafted: Drafted
    snapshots: Mapping[str, Snapshot]
    proof: Proof
    paths: tuple[pathlib.Path, ...]
    calls: Mapping[str, int]
    seconds: float

    @property
    def text(self) -> str:
        """The spec."""
        return next(iter(self.drafted.files.values()))


def follow_nothing(key: str, part: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A live organization, and the key that it gets."""

    region: str
    live: LiveOrganization
    key: str = field(default="")


def import_organizations(
    wish: Wish, connections: Connections, follow: Follow = follow_nothing
) -> Imported:
    """Write a spec of live organizations, and prove it.

    Raises:
        FolderError: A file is there already, or cannot be written.
        NotFoundError: There is no such organization.
        ServiceError: AWS refuses.
    """
    started = time.monotonic()
    # 1. What is there? Nothing is read for a file that could not be written.
    _refuse_existing(wish)
    places = _name(wish, _find(wish, connections))
    readers: dict[str, SnapshotReader] = {}
    snapshots: dict[str, Snapshot] = {}
    fitted: list[Fitted] = []
    with ExitStack() as kept:  # until the files are written, so that nothing is read twice
        for each in places:
            reader = kept.enter_context(_open_reader(each, connections, resumes=wish.resumes))
            snapshot = _read(each, connections, reader, follow)
            readers[each.key], snapshots[each.key] = reader, snapshot
            # 2. What a spec can say of it: what is live, and what its own stack says beyond that.
            stack = f"{wish.environment}-{each.key}"
            fitting = fit(snapshot, key=each.key)
            zones = _HostedZones(connections, list_domains(snapshot))
            if snapshot.organization.tags.get(OWNER_TAG) == stack:
                fitting = _add_managed(fitting, stack, each.region, connections, zones)
            fitted.append(_find_zones(fitting, zones))
        # 3. Text that the spec's own rules accept, and the plan of exactly that text.
        environment = Environment(name=wish.environment, account=_read_account(snapshots.values()))
        heading = _write_heading(places)
        drafted = draft(environment, fitted, heading, _name_files(wish, fitted))
        follow(wish.environment, "plan against live", 0, 1)
        proof = prove(drafted, connections, snapshots, spec=_name_spec(wish))
        # Reading took its time: what lists and settings show is compared once more.
        changed = tuple(
            change
            for each in places
            for change in list_changes(each.key, snapshots[each.key], readers[each.key])
        )
        proof = replace(proof, differences=(*proof.differences, *changed))
        follow(wish.environment, "plan against live", 1, 1)
        if not proof.holds:
            names = _name_files(wish, fitted, suffix=".unproved")
            drafted = draft(environment, fitted, heading, names)
        # 4. Only now a file gets its name.
        paths = _write_files(wish.output, drafted.files) if wish.output else ()
    return Imported(
        drafted=drafted,
        snapshots=snapshots,
        proof=proof,
        paths=paths,
        calls=dict(sorted(connections.calls.items())),
        seconds=time.monotonic() - started,
    )


def _find(wish: Wish, connections: Connections) -> list[_Place]:
    """Find the organizations that are wanted, region by region, by alias."""
    places = [
        _Place(region, live)
        for region in wish.regions
        for live in list_organizations(WorkMail(connections.open(region).workmail))
    ]
    if not wish.aliases and not wish.ids:
        chosen = [each for each in places if each.live.state is State.ACTIVE]
        if not chosen:
            raise NotFoundError(f"no organization is active in {_join(wish.regions)}")
        return chosen
    return list({each.live.id: each for each in _choose(wish, places)}.values())


def _choose(wish: Wish, places: Sequence[_Place]) -> Iterator[_Place]:
    wanted = [*(("alias", each) for each in wish.aliases), *(("id", each) for each in wish.ids)]
    for word, text in wanted:
        found = next((each for each in places if _has(each, word, text)), None)
        if found is None:
            known = _join(f"{each.live.alias} ({each.live.id})" for each in places) or "none"
            raise NotFoundError(
                f"no organization with the {word} {text} is in {_join(wish.regions)}; there are:"
                f" {known}"
            )
        if found.live.state is not State.ACTIVE:
            raise TemporaryError(
                f"organization {found.live.alias} ({found.live.id}) is {found.live.state}, not"
                " active; import it once it is"
            )
        yield found


def _has(place: _Place, word: str, text: str) -> bool:
    return fold(place.live.alias) == fold(text) if word == "alias" else place.live.id == text


def _name(wish: Wish, places: Sequence[_Place]) -> list[_Place]:
    """Give each organization a key: its alias, as far as that can be one, made unique."""
    taken: set[str] = set()
    named: list[_Place] = []
    for each in places:
        key = wish.key or make_key(each.live.alias)
        number = 2
        unique = key
        while unique in taken:
            unique = f"{key[: _LONGEST_KEY - len(str(number)) - 1]}-{number}"
            number += 1
        taken.add(unique)
        named.append(_Place(each.region, each.live, unique))
    return named


def make_key(alias: str) -> str:
    """Make of an alias what can be the key of an organization."""
    key = re.sub(r"[^a-z0-9]+", "-", alias.lower()).strip("-")
    return (key if key[:1].isalpha() else f"org-{key}")[:_LONGEST_KEY].rstrip("-")


@contextmanager
def _open_reader(
    place: _Place, connections: Connections, *, resumes: bool
) -> Generator[SnapshotReader]:
    """Give a reader of one organization that goes on where it was interrupted."""
    with remember(
        connections.open(place.region).workmail,
        organization_id=place.live.id,
        region=place.region,
        resumes=resumes,
        tell=connections.tell,
    ) as client:
        yield SnapshotReader(WorkMail(cast("Any", client), place.live.id))


def _read(
    place: _Place, connections: Connections, reader: SnapshotReader, follow: Follow
) -> Snapshot:
    """Read one organization whole, and refuse to go on with a part of it."""
    clients = connections.open(place.region)
    try:
        snapshot = read_snapshot(
            reader.workmail,
            DirectoryService(clients.directory_service),
            place.region,
            follow=lambda part, done, total: follow(place.key, part, done, total),
            is_tolerant=True,
            with_disabled=True,
            reader=reader,
        )
    except TemporaryError as error:
        raise TemporaryError(
            f"{error}\nAWS does not answer, also after {PATIENCE} attempts: organization"
            f" {place.live.alias} ({place.live.id}) is not read to its end, and nothing was"
            " written; import again later",
            operation=error.operation,
            code=error.code,
        ) from error
    if snapshot is None:
        raise NotFoundError(f"organization {place.live.id} was deleted meanwhile")
    if snapshot.unread:
        reasons = dict.fromkeys(snapshot.unread.values())
        raise ServiceError(
            "\n".join(
                [
                    f"organization {place.live.alias} ({place.live.id}) could not be read whole:",
                    *(f"  {each}" for each in reasons),
                    "nothing was written; workmail-org import --print-policy shows what has to be"
                    " allowed",
                ]
            )
        )
    return snapshot


def _read_account(snapshots: Iterable[Snapshot]) -> str | None:
    """Read the account out of an ARN: one set of credentials sees one account.

    Such as `arn:aws:workmail:eu-west-1:111122223333:organization/m-…`.
    """
    found = re.match(r"(?:[^:]*:){4}(\d{12}):", next((e.organization.arn for e in snapshots), ""))
    return found[1] if found else None


@dataclass(slots=True)
class _HostedZones:
    """The hosted zones of the account, listed once, if anybody asks.

    Attributes:
        refused: Why they cannot be listed; empty: they can.
    """

    connections: Connections
    domains: Sequence[LiveDomain]
    refused: str = ""
    _listed: tuple[PublicZone, ...] | None = None

    def list(self) -> tuple[PublicZone, ...]:
        """List them; none if nobody has a domain, or AWS refuses."""
        if self._listed is None:
            self._listed = ()
            if self.domains:
                try:
                    self._listed = list_zones(self.connections.open_route53())
                except ServiceError as error:
                    self.refused = str(error)
        return self._listed

    def find(self) -> dict[str, HostedZone]:
        """Find which zone has the records of each domain."""
        found: dict[str, HostedZone] = {}
        for domain in self.domains:
            candidates = list_candidates(domain.name, self.list())
            try:
                read = [read_zone(self.connections.open_route53(), each.id) for each in candidates]
            except ServiceError as error:
                self.refused = str(error)
                break
            zone = find_zone(domain, [each for each in read if each])
            if zone is not None:
                found[domain.name] = zone
        return found


def _add_managed(
    fitted: Fitted, name: str, region: str, connections: Connections, zones: _HostedZones
) -> Fitted:
    """Add what the stack of an organization says of it, if it is there."""
    clients = connections.open(region)
    stack = read_stack(clients, name)
    if stack is None:
        return fitted
    declaration = decode_template(
        fitted.organization.key,
        name,
        region,
        stack.template,
        lambda bucket, key: load_outside(clients, stack, bucket, key),
    )
    names = {zone.id: zone.name for zone in zones.list()}
    return add_managed(fitted, declaration, stack.template, names)


def _find_zones(fitted: Fitted, zones: _HostedZones) -> Fitted:
    """Say in which hosted zone the records of domains are; who may not look finds nothing."""
    found = zones.find()
    if not zones.refused:
        return add_zones(fitted, found)
    remainder = Remainder(
        subject="hosted zones",
        reason=f"Route 53 was not looked at: {zones.refused}",
        advice="domains are dns: manual, which is as safe; with the rights that --print-policy"
        " shows, the spec names the zones that have the records, and plans compare them",
    )
    return replace(fitted, remainders=(*fitted.remainders, remainder))


def _write_heading(places: Sequence[_Place]) -> list[str]:
    described = [f"{each.live.alias} ({each.live.id}) in {each.region}" for each in places]
    return [
        f"Written by workmail-org import from {_join(described)}.",
        "What is not here is not managed, and stays as it is.",
        "",
    ]


def _name_spec(wish: Wish, suffix: str = "") -> str:
    return _add_suffix(wish.output, suffix).name if wish.output else "-"


def _name_files(wish: Wish, fitted: Sequence[Fitted], *, suffix: str = "") -> Names:
    """Name the files; those who have a table are so many that it is worth one."""
    large = [each.organization.key for each in fitted if len(each.organization.users) >= TABLE_FROM]
    tables: dict[str, str] = {}
    if wish.table and wish.output:
        folder = wish.output.absolute().parent
        relative = wish.table.absolute().relative_to(folder)
        for key in large:
            own = relative.with_stem(f"{relative.stem}-{key}") if len(fitted) > 1 else relative
            tables[key] = _add_suffix(own, suffix).as_posix()
    return Names(spec=_name_spec(wish, suffix), tables=tables)


def _add_suffix(path: pathlib.Path, suffix: str) -> pathlib.Path:
    return path.with_stem(path.stem + suffix) if suffix else path


def _refuse_existing(wish: Wish) -> None:
    """Refuse to begin what could not be written at the end: reading can take an hour."""
    wanted = [path for path in (wish.output, wish.table) if path]
    for path in (each for own in wanted for each in (own, _add_suffix(own, ".unproved"))):
        try:
            is_there = path.is_symlink() or path.exists()
        except OSError as error:
            raise _refuse_unwritable(path, error) from error
        if is_there:
            raise _refuse(path)
    for path in wanted:
        folder = path.absolute().parent
        if not folder.is_dir():
            raise FolderError(f"{path.parent} is not a folder: create it, or name another output")
        try:
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise _refuse_unwritable(path, error) from error


def _refuse_unwritable(path: pathlib.Path, error: OSError) -> FolderError:
    reason = (error.strerror or str(error)).lower()
    return FolderError(f"{path} cannot be written: {reason}; name another output")


def _refuse(path: pathlib.Path) -> FolderError:
    return FolderError(
        f"{path} exists already, and import writes new files only: remove it, or name another"
        " output"
    )


def _write_files(output: pathlib.Path, files: Mapping[str, str]) -> tuple[pathlib.Path, ...]:
    """Write new files; all of them, or none, each whole from the moment on at which it is there."""
    folder = output.parent
    written: list[pathlib.Path] = []
    try:
        for name, text in reversed(list(files.items())):  # the spec last: it names the others
            written.append(_write_new(folder / name, text))
    except BaseException:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise
    return tuple(reversed(written))


def _write_new(path: pathlib.Path, text: str) -> pathlib.Path:
    """Write a file that is not there yet: under another name first, which it then loses."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.parent, prefix=".import-", suffix=".tmp"
        ) as file:
            file.write(text)
            file.flush()
            pathlib.Path(file.name).chmod(0o666 & ~_read_umask())
            _link(file.name, path, text)
    except FileExistsError as error:
        raise _refuse(path) from error
    except OSError as error:
        raise _refuse_unwritable(path, error) from error
    return path


def _link(source: str, path: pathlib.Path, text: str) -> None:
    """Give a file its name; unlike a rename this refuses to replace a file."""
    try:
        os.link(source, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)


def _read_umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def _join(words: Iterable[str]) -> str:
    return ", ".join(words)
