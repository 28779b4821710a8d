"""A rehearsal knows no AWS but the local one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workmail_org.errors import WorkMailOrgError
from workmail_org.rehearsal.interrupts import Interrupts
from workmail_org.rehearsal.local import LocalAws, start_local_aws
from workmail_org.rehearsal.processes import Processes

DANGEROUS = {
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
    "AWS_SESSION_TOKEN": "real",
    "AWS_ENDPOINT_URL_WORKMAIL": "https://workmail.eu-west-1.amazonaws.com",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "CDK_DEFAULT_ACCOUNT": "111122223333",
    "HTTPS_PROXY": "http://proxy.example:3128",
    "http_proxy": "http://proxy.example:3128",
}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    processes = Processes(Interrupts())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in DANGEROUS.items():
            patch.setenv(name, value)
        try:
            yield start_local_aws(
                processes,
                tmp_path_factory.mktemp("local"),
                account="111122223333",
                region="eu-west-1",
                verified=["old.example"],
            )
        finally:
            processes.stop()


def test_no_setting_of_the_user_reaches_a_rehearsal(local: LocalAws) -> None:
    taken_over = {name: local.environment[name] for name in DANGEROUS if name in local.environment}

    expected = {
        "AWS_ACCESS_KEY_ID": local.environment["AWS_ACCESS_KEY_ID"],
        "AWS_ENDPOINT_URL_WORKMAIL": local.workmail,
    }
    assert expected == taken_over
    assert DANGEROUS["AWS_ACCESS_KEY_ID"] != taken_over["AWS_ACCESS_KEY_ID"]


def test_both_listen_on_loopback_ports(local: LocalAws) -> None:
    hosts = {url.rpartition(":")[0] for url in (local.aws, local.workmail)}

    assert hosts == {"http://127.0.0.1"}
    assert local.aws != local.workmail


def test_inside_it_is_the_only_aws(local: LocalAws) -> None:
    before = dict(os.environ)

    with local.entered():
        account = local.make_client("sts", "eu-west-1").get_caller_identity()["Account"]
        organizations = local.make_client("workmail", "eu-west-1").list_organizations()

    assert account == "111122223333"
    assert organizations["OrganizationSummaries"] == []
    assert before == dict(os.environ)


def test_calls_are_counted(local: LocalAws) -> None:
    before = local.count_calls().get("ListOrganizations", 0)

    with local.entered():
        local.make_client("workmail", "us-west-2").list_organizations()

    assert before + 1 == local.count_calls()["ListOrganizations"]


def test_what_does_not_start_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = Processes(Interrupts())
    monkeypatch.setattr("workmail_org.rehearsal.local.sys.executable", "/bin/false")

    try:
        with pytest.raises(WorkMailOrgError, match="the local AWS did not start"):
            start_local_aws(
                processes, tmp_path, account="000000000000", region="eu-west-1", verified=[]
            )
    finally:
        processes.stop()


def test_without_a_home_that_can_be_written_caches_lie_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = Processes(Interrupts())
    monkeypatch.setenv("HOME", "/dev/null/home")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    try:
        local = start_local_aws(
            processes, tmp_path, account="000000000000", region="eu-west-1", verified=[]
        )
    finally:
        processes.stop()

    assert local.environment["JSII_RUNTIME_PACKAGE_CACHE"] == "disabled"
    assert local.environment["NODE_COMPILE_CACHE"] == str(tmp_path / "tmp" / "node")


def test_a_local_aws_without_a_guard_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = Processes(Interrupts())
    start = processes.start

    def start_unguarded(command: list[str], **given: Any) -> Any:
        unguarded = ["ministack" if each == "workmail_emulator.aws" else each for each in command]
        return start(unguarded, **given)

    monkeypatch.setattr(processes, "start", start_unguarded)
    try:
        with pytest.raises(WorkMailOrgError, match="the local AWS is not private: http://127"):
            start_local_aws(
                processes, tmp_path, account="000000000000", region="eu-west-1", verified=[]
            )
    finally:
        processes.stop()


def test_names_are_stored_as_route_53_does(local: LocalAws) -> None:
    """Also where they are deleted under another spelling (docs/facts.md §10.26)."""

    def change(action: str, name: str) -> dict[str, Any]:
        record = {"Name": name, "Type": "MX", "TTL": 60, "ResourceRecords": [{"Value": "10 mx."}]}
        return {"Action": action, "ResourceRecordSet": record}

    with local.entered():
        route_53 = local.make_client("route53", "eu-west-1")
        made = route_53.create_hosted_zone(Name="ACME.example", CallerReference="names")
        zone = made["HostedZone"]["Id"]
        names = ["First.ACME.example", "*.acme.example."]
        route_53.change_resource_record_sets(
            HostedZoneId=zone, ChangeBatch={"Changes": [change("CREATE", name) for name in names]}
        )
        with pytest.raises(route_53.exceptions.InvalidChangeBatch, match="already exists"):
            route_53.change_resource_record_sets(
                HostedZoneId=zone,
                ChangeBatch={"Changes": [change("CREATE", "first.acme.EXAMPLE")]},
            )
        sets = route_53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        route_53.change_resource_record_sets(
            HostedZoneId=zone,
            ChangeBatch={"Changes": [change("DELETE", name.upper()) for name in names]},
        )
        left = route_53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]

    assert "acme.example." == made["HostedZone"]["Name"]
    assert {r"\052.acme.example.", "first.acme.example."} == {
        each["Name"] for each in sets if each["Type"] == "MX"
    }
    assert ["NS", "SOA"] == [each["Type"] for each in left]
