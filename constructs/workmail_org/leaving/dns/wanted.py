"""Wanted: the records that a destination wants, as a person gives them. Nothing is guessed.

Either YAML, for every destination:

    version: 1
    domains:
      example.com:
        mx: [0 example-com.x-v1.mx.microsoft]
        spf: v=spf1 include:spf.protection.outlook.com -all
        verification: [MS=ms12345678]
        dkim:
          selector1._domainkey: selector1-example-com._domainkey.tenant.a-v1.dkim.mail.microsoft
        autodiscover: autodiscover.outlook.com

or, for Microsoft 365, the answer of Graph's `serviceConfigurationRecords`, which has everything but
DKIM and the verification.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from workmail_org.errors import InputError
from workmail_org.leaving.dns.spf import Spf, is_spf, parse_spf
from workmail_org.leaving.model import TITLES, Destination
from workmail_org.model.domain import serves_workmail
from workmail_org.model.values import fold

_HOST = re.compile(
    r"(?=.{1,253}\.?$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]\.?"
)
_MX = re.compile(r"(\d{1,5}) (\S+)")
_DKIM_NAME = re.compile(r"[a-z0-9_][a-z0-9._-]*\._domainkey")
_DKIM = re.compile(r"v=DKIM1;.*\bp=[A-Za-z0-9+/]{16,}={0,2}", re.IGNORECASE)

_DMARC = re.compile(r"v=DMARC1\s*;\s*p\s*=\s*(none|quarantine|reject)\b.*", re.IGNORECASE)

_LOADER: Any = yaml.SafeLoader

_KEYS = (
    "mx",
    "spf",
    "verification",
    "dkim",
    "autodiscover",
    "former_ttl",
    "former_dmarc",
)

_LONGEST_TTL = 2**31 - 1
"""RFC 2181, 8."""

_GRAPH = (
    "GET https://graph.microsoft.com/v1.0/domains/{domain}/serviceConfigurationRecords "
    "(Domain.Read.All), or Get-MgDomainServiceConfigurationRecord -DomainId {domain}"
)
_MICROSOFT_ADMIN = "the Microsoft 365 admin center, Settings, Domains"
_GOOGLE_ADMIN = "the Google Admin console, Account, Domains"
_ZOHO_ADMIN = "the Zoho Mail console, Domains, {domain}, DNS"

SOURCES: Mapping[Destination, Mapping[str, str]] = {
    Destination.MICROSOFT365: {
        "mx": _GRAPH,
        "spf": _GRAPH,
        "autodiscover": _GRAPH,
        "dkim": "Get-DkimSigningConfig -Identity {domain} | Format-List "
        "Selector1CNAME,Selector2CNAME",
        "verification": _MICROSOFT_ADMIN,
    },
    Destination.GOOGLE: {
        "mx": f"{_GOOGLE_ADMIN}, Activate Gmail (today smtp.google.com with preference 1)",
        "spf": "the help page of Google Workspace about SPF (today v=spf1 include:_spf.google.com "
        "~all)",
        "dkim": "the Google Admin console, Apps, Google Workspace, Gmail, Authenticate email",
        "verification": _GOOGLE_ADMIN,
    },
    Destination.ZOHO: {
        "mx": f"{_ZOHO_ADMIN}: the hosts differ by data centre",
        "spf": f"{_ZOHO_ADMIN}: it differs by data centre",
        "dkim": _ZOHO_ADMIN,
        "verification": _ZOHO_ADMIN,
    },
}
"""Whom to ask for a value that is missing. Microsoft's MX can be computed no longer
(MC1048624), Google's DKIM key is made in the console, Zoho's hosts depend on the data centre."""

_WORDS: Mapping[Destination, tuple[str, ...]] = {
    Destination.MICROSOFT365: ("microsoft", "outlook", "office365"),
    Destination.GOOGLE: ("google",),
    Destination.ZOHO: ("zoho",),
}
"""One of them is in each host that the destination tells: all that is sure of them."""

_NOTHING = {"verification": "write verification: [] where the domain is verified already"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a destination wants for one domain.

    Attributes:
        mx: `PREFERENCE HOST.` in the order given.
        spf: Of the destination alone.
        verification: Texts at the top of the domain.
        dkim: By absolute name: type and value.
        autodiscover: Host; `None`: the destination has none.
        former_ttl: Seconds that a person gives for step 4, where what the zone had before step 1
            is not known any more.
        former_dmarc: The policy, in the same way.
    """

    domain: str
    mx: tuple[str, ...]
    spf: Spf
    verification: tuple[str, ...]
    dkim: Mapping[str, tuple[str, str]]
    autodiscover: str | None
    former_ttl: int | None = None
    former_dmarc: str | None = None


@dataclass(slots=True)
class _Given:
    """What files say of one domain so far: by key, the value and where it stands."""

    values: dict[str, tuple[Any, str]] = field(default_factory=dict[str, tuple[Any, str]])


def load_wanted(
    paths: Iterable[Path],
    destination: Destination,
    domains: Iterable[str],
    others: Iterable[str] = (),
) -> dict[str, Wanted]:
    """Read what a destination wants for some domains, by domain.

    Args:
        paths: Files, YAML or Graph's answer.
        destination: Says what is required.
        domains: That move now.
        others: That the spec declares too: what is given for them is for another run.

    Raises:
        InputError: A value is missing or wrong; every one, with whom to ask.
    """
    problems: list[str] = []
    given: dict[str, _Given] = {}
    known = {fold(each): each for each in domains}
    later = {fold(each) for each in others}
    for path in paths:
        for domain, key, value, place in _read(path, problems):
            if fold(domain) not in known:
                if fold(domain) not in later and not _is_graph_child(domain, known):
                    problems.append(
                        f'{place}: "{domain}" is not a domain that moves; those are '
                        f"{', '.join(known) or 'none'}"
                    )
                continue
            values = given.setdefault(fold(domain), _Given()).values
            if key in values and values[key][0] != value:
                other = values[key][1]
                problems.append(f"{place}: {key} of {domain} is in {other} too: keep one of them")
            values[key] = (value, place)
    found: dict[str, Wanted] = {}
    for domain in known:
        wanted = _build(domain, given.get(domain, _Given()), destination, problems)
        if wanted:
            found[domain] = wanted
    if problems:
        raise InputError(problems)
    return found


def list_strange(wanted: Wanted, destination: Destination) -> Iterator[str]:
    """Report values that do not look like the destination's: mistyped, or of another service."""
    words = _WORDS.get(destination)
    if words is None:
        return
    title = TITLES[destination]
    for each in wanted.mx:
        host = each.partition(" ")[2]
        if not any(word in host for word in words):
            yield (
                f"{wanted.domain}: mx {host} does not look like a host of {title}: check it, since "
                "all mail goes there; a filter before the destination is one reason"
            )
    policy = str(wanted.spf).lower()
    if not any(word in policy for word in words):
        yield (
            f"{wanted.domain}: spf {wanted.spf} does not name {title}: check it, since what is "
            "sent from there would be taken for forged"
        )


def _is_graph_child(domain: str, known: Mapping[str, str]) -> bool:
    """Return whether a label is below a domain that moves; Graph has such for its services."""
    return any(fold(domain).endswith(f".{each}") for each in known)


def _read(path: Path, problems: list[str]) -> Iterator[tuple[str, str, Any, str]]:
    """Read domain, key, value and place of everything that a file says."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path} cannot be read: {error}")
        return
    if text.lstrip().startswith("{"):
        yield from _read_graph(path, text, problems)
    else:
        yield from _read_yaml(path, text, problems)


def _read_graph(path: Path, text: str, problems: list[str]) -> Iterator[tuple[str, str, Any, str]]:
    try:
        document: Any = json.loads(text)
        records = cast("list[dict[str, Any]]", document["value"])
        mail = [each for each in records if each.get("supportedService") == "Email"]
    except (ValueError, KeyError, TypeError, AttributeError):
        problems.append(
            f"{path}: neither YAML nor an answer of Graph: serviceConfigurationRecords has a list "
            '"value"'
        )
        return
    hosts: dict[str, list[str]] = {}
    for number, record in enumerate(mail):
        label, place = str(record.get("label", "")), f"{path}: value[{number}]"
        kind = str(record.get("recordType", "")).lower()
        if kind == "mx":
            host = f"{record.get('preference')} {record.get('mailExchange')}"
            hosts.setdefault(label, []).append(host)
        elif kind == "txt":
            value = str(record.get("text", ""))
            if value.lower().startswith("v=spf1"):
                yield label, "spf", value, place
            else:
                yield label, "verification", [value], place
        elif kind == "cname" and label.lower().startswith("autodiscover."):
            yield label.partition(".")[2], "autodiscover", record.get("canonicalName"), place
        elif "unavailable" in str(record.get("@odata.type", "")).lower():
            problems.append(f"{place}: Graph has no records: {record.get('description', '')}")
    for label, listed in hosts.items():
        yield label, "mx", listed, str(path)


def _read_yaml(path: Path, text: str, problems: list[str]) -> Iterator[tuple[str, str, Any, str]]:
    try:
        root: Any = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise InputError(
            [f"{_find_mark(path, error)}: not valid YAML: {_find_problem(error)}"]
        ) from error
    document: Any = _LOADER("").construct_document(root) if root else None
    if not isinstance(document, dict) or not isinstance(
        cast("dict[str, Any]", document).get("domains"), dict
    ):
        problems.append(f'{path}: "domains" is missing: a map of domains')
        return
    for name, node in _list_items(root):
        if name == "domains":
            for domain, inner in _list_items(node):
                for key, value in _list_items(inner):
                    place = f"{path}:{value.start_mark.line + 1}:{value.start_mark.column + 1}"
                    if key not in _KEYS:
                        known = ", ".join(_KEYS)
                        problems.append(f'{place}: "{key}" is unknown; known are {known}')
                        continue
                    built: Any = _LOADER("").construct_object(value, deep=True)
                    yield domain, key, built, place


def _find_mark(path: Path, error: yaml.YAMLError) -> str:
    mark: Any = getattr(error, "problem_mark", None)
    return f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)


def _find_problem(error: yaml.YAMLError) -> str:
    return getattr(error, "problem", None) or str(error).splitlines()[0]


def _list_items(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((str(key.value), value) for key, value in node.value)


def _build(
    domain: str, given: _Given, destination: Destination, problems: list[str]
) -> Wanted | None:
    """Check what is given for a domain; report all that is wrong or missing."""
    before = len(problems)
    sources = SOURCES[destination]

    def get(key: str) -> tuple[Any, str]:
        if key in given.values:
            return given.values[key]
        if key in sources:
            hint = f"; {_NOTHING[key]}" if key in _NOTHING else ""
            source = sources[key].format(domain=domain)
            problems.append(f"{domain}: {key} is missing: ask {source}{hint}")
        return None, domain

    mx = tuple(_check_mx(*get("mx"), domain, problems))
    spf = _check_spf(*get("spf"), domain, problems)
    verification = tuple(_check_verification(*get("verification"), domain, problems))
    dkim = dict(_check_dkim(*get("dkim"), domain, problems))
    autodiscover, place = get("autodiscover")
    if autodiscover is not None and destination is Destination.GOOGLE:
        problems.append(f"{place}: autodiscover: Google has none; Outlook would ask a dead server")
    elif autodiscover is not None:
        what = f"{place}: autodiscover of {domain}"
        if serves_workmail(fold(str(autodiscover))):
            problems.append(f'{what}: "{autodiscover}" is WorkMail itself, not the destination')
        autodiscover = _check_host(autodiscover, what, problems)
    former_ttl = _check_ttl(*get("former_ttl"), domain, problems)
    former_dmarc = _check_dmarc(*get("former_dmarc"), domain, problems)
    if len(problems) > before or spf is None:
        return None
    return Wanted(
        domain=domain,
        mx=mx,
        spf=spf,
        verification=verification,
        dkim=dkim,
        autodiscover=autodiscover,
        former_ttl=former_ttl,
        former_dmarc=former_dmarc,
    )


def _check_ttl(value: Any, place: str, domain: str, problems: list[str]) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LONGEST_TTL:
        problems.append(f'{place}: former_ttl of {domain}: "{value}" is not a number of seconds')
        return None
    return value


def _check_dmarc(value: Any, place: str, domain: str, problems: list[str]) -> str | None:
    if value is None:
        return None
    text = str(value)
    if not _DMARC.fullmatch(text) or not text.isascii() or not text.isprintable():
        problems.append(
            f'{place}: former_dmarc of {domain}: "{text}" is not a policy such as '
            '"v=DMARC1; p=quarantine"'
        )
        return None
    return text


def _check_mx(value: Any, place: str, domain: str, problems: list[str]) -> Iterator[str]:
    if value is None:
        return
    listed = _list(value)
    if not listed:
        problems.append(f"{place}: mx of {domain} is empty: nobody would get mail")
    for each in listed:
        found = _MX.fullmatch(str(each))
        host = fold(found[2]) if found else ""
        if not found or int(found[1]) > 65_535 or not _HOST.fullmatch(host):
            problems.append(
                f'{place}: mx of {domain} has "{each}": write preference and host, such as '
                '"10 mx.example.net"'
            )
            continue
        if serves_workmail(host):
            problems.append(
                f'{place}: mx of {domain} has "{each}": that is WorkMail itself, not the '
                "destination"
            )
            continue
        yield f"{int(found[1])} {host.removesuffix('.')}."


def _list(value: Any) -> list[Any]:
    return list(cast("Iterable[Any]", value)) if isinstance(value, list) else [value]


def _check_spf(value: Any, place: str, domain: str, problems: list[str]) -> Spf | None:
    if value is None:
        return None
    try:
        policy = parse_spf(str(value))
    except ValueError as error:
        problems.append(f"{place}: spf of {domain}: {error}")
        return None
    if not policy.terms or policy.all not in ("-all", "~all"):
        problems.append(
            f'{place}: spf of {domain}: "{value}" has to name senders, and to end with ~all or -all'
        )
    return policy


def _check_verification(value: Any, place: str, domain: str, problems: list[str]) -> Iterator[str]:
    if value is None:
        return
    listed = _list(value)
    for each in listed:
        text = str(each)
        if not text.strip() or is_spf(text) or not text.isascii() or not text.isprintable():
            problems.append(f'{place}: verification of {domain} has "{text}": copy the TXT value')
            continue
        yield text


def _check_dkim(
    value: Any, place: str, domain: str, problems: list[str]
) -> Iterator[tuple[str, tuple[str, str]]]:
    if value is None:
        return
    if not isinstance(value, dict) or not value:
        problems.append(f"{place}: dkim of {domain} has to be a map: SELECTOR._domainkey: VALUE")
        return
    for name, each in cast("Mapping[Any, Any]", value).items():
        label = fold(str(name)).removesuffix(".").removesuffix(f".{domain}")
        if not _DKIM_NAME.fullmatch(label):
            problems.append(f'{place}: dkim of {domain} has "{name}": write SELECTOR._domainkey')
            continue
        text = str(each)
        full = f"{label}.{domain}."
        if text.lower().startswith("v=dkim1"):
            if _DKIM.fullmatch(text) and text.isascii():
                yield full, ("TXT", text)
            else:
                problems.append(f"{place}: dkim {label} of {domain} has no key behind p=")
        elif host := _check_host(text, f"{place}: dkim {label} of {domain}", problems):
            yield full, ("CNAME", host)


def _check_host(value: Any, what: str, problems: list[str]) -> str | None:
    host = fold(str(value))
    if not _HOST.fullmatch(host):
        problems.append(f'{what}: "{value}" is not a host name')
        return None
    return f"{host.removesuffix('.')}."
