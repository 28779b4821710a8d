"""Rules, roles, permissions and the settings of an organization."""

from __future__ import annotations

from typing import Any

import pytest

INSTANCE = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
ROLE = "arn:aws:iam::000000000000:role/workmail-export"
LOG_GROUP = "arn:aws:logs:eu-west-1:000000000000:log-group:mail:*"


@pytest.fixture
def people(acme: Any) -> Any:
    """Give the organization with alice and bob, a group and a room, all enabled."""
    for name in ("alice", "bob"):
        acme.user(name, f"{name}@acme.example")
    acme.group("sales", "sales@acme.example")
    acme.room("garden", "garden@acme.example")
    return acme


def id_of(account: Any, email: str) -> str:
    entity_id: str = account("describe_entity", Email=email)["EntityId"]
    return entity_id


def grants(account: Any, owner: str) -> list[tuple[str, list[str]]]:
    listed = account("list_mailbox_permissions", EntityId=owner)["Permissions"]
    return [(grant["GranteeType"], grant["PermissionValues"]) for grant in listed]


def test_put_replaces_the_rights_of_one_grantee(people: Any) -> None:
    put = {"EntityId": "alice", "GranteeId": "bob"}
    people("put_mailbox_permissions", **put, PermissionValues=["FULL_ACCESS", "SEND_AS"])
    people(
        "put_mailbox_permissions",
        EntityId="alice",
        GranteeId="sales",
        PermissionValues=["SEND_ON_BEHALF"],
    )

    people("put_mailbox_permissions", **put, PermissionValues=["SEND_AS"])

    assert [("USER", ["SEND_AS"]), ("GROUP", ["SEND_ON_BEHALF"])] == grants(people, "alice")
    for _ in range(2):
        people("delete_mailbox_permissions", **put)
    assert [("GROUP", ["SEND_ON_BEHALF"])] == grants(people, "alice")


@pytest.mark.parametrize(
    ("owner", "grantee", "right", "code"),
    [
        ("sales", "bob", "FULL_ACCESS", "InvalidParameterException"),
        ("alice", "alice", "SEND_AS", "InvalidParameterException"),
        ("alice", "garden", "SEND_AS", "EntityNotFoundException"),
        ("carol", "bob", "SEND_AS", "EntityStateException"),
    ],
)
def test_rights_that_make_no_sense_are_refused(
    people: Any, refused: Any, owner: str, grantee: str, right: str, code: str
) -> None:
    people.user("carol")

    with refused(code):
        people(
            "put_mailbox_permissions",
            EntityId=owner,
            GranteeId=grantee,
            PermissionValues=[right],
        )


def test_a_fresh_organization_lets_everyone_in(acme: Any) -> None:
    (access,) = acme("list_access_control_rules")["Rules"]
    (mobile,) = acme("list_mobile_device_access_rules")["Rules"]

    assert ("default", "ALLOW", "Default WorkMail Rule") == (
        access["Name"],
        access["Effect"],
        access["Description"],
    )
    assert (0.0, "ALLOW") == (access["DateCreated"].timestamp(), mobile["Effect"])
    assert {"Enforced": True} == acme("describe_inbound_dmarc_settings")


def test_a_rule_is_replaced_under_its_name_and_deleted_twice(acme: Any) -> None:
    rule = {"Name": "office", "Effect": "DENY", "Description": "d"}
    acme("put_access_control_rule", **rule, IpRanges=["10.0.0.0/8"], NotActions=["EWS"])
    acme.emulator.clock.advance(60)

    acme("put_access_control_rule", **rule, IpRanges=[])

    replaced = acme("list_access_control_rules")["Rules"][1]
    assert 60.0 == (replaced["DateModified"] - replaced["DateCreated"]).total_seconds()
    assert {"Name", "Effect", "Description", "DateCreated", "DateModified"} == set(replaced)
    for _ in range(2):
        acme("delete_access_control_rule", Name="office")
    assert ["default"] == [rule["Name"] for rule in acme("list_access_control_rules")["Rules"]]


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ({"Actions": ["Telepathy"]}, "InvalidParameterException"),
        ({"UserIds": ["nobody-of-that-id"]}, "EntityNotFoundException"),
        ({"ImpersonationRoleIds": ["none"]}, "ResourceNotFoundException"),
    ],
)
def test_an_access_rule_names_what_is_there(
    acme: Any, refused: Any, condition: Any, code: str
) -> None:
    with refused(code):
        acme("put_access_control_rule", Name="r", Effect="DENY", Description="d", **condition)


def test_there_are_ten_rules_of_each_sort_and_twenty_roles(acme: Any, refused: Any) -> None:
    for number in range(9):
        fields = {"Name": f"r{number}", "Effect": "DENY"}
        acme("put_access_control_rule", **fields, Description="d")
        acme("create_mobile_device_access_rule", **fields)
    for number in range(20):
        acme("create_impersonation_role", Name=f"r{number}", Type="READ_ONLY", Rules=[])

    with refused("LimitExceededException"):
        acme("put_access_control_rule", Name="more", Effect="DENY", Description="d")
    with refused("LimitExceededException"):
        acme("create_mobile_device_access_rule", Name="more", Effect="DENY")
    with refused("LimitExceededException"):
        acme("create_impersonation_role", Name="more", Type="READ_ONLY", Rules=[])
    acme("put_access_control_rule", Name="r0", Effect="ALLOW", Description="d")


@pytest.mark.parametrize(
    ("condition", "address", "action", "effect"),
    [
        ({}, "192.0.2.1", "IMAP", "DENY"),
        ({"IpRanges": ["192.0.2.0/24"]}, "192.0.2.1", "IMAP", "DENY"),
        ({"IpRanges": ["192.0.2.0/24"]}, "198.51.100.1", "IMAP", "ALLOW"),
        ({"NotIpRanges": ["192.0.2.0/24"]}, "192.0.2.1", "IMAP", "ALLOW"),
        ({"NotIpRanges": ["192.0.2.0/24"]}, "198.51.100.1", "IMAP", "DENY"),
        ({"Actions": ["IMAP"]}, "192.0.2.1", "IMAP", "DENY"),
        ({"Actions": ["IMAP"]}, "192.0.2.1", "EWS", "ALLOW"),
        ({"NotActions": ["IMAP"]}, "192.0.2.1", "IMAP", "ALLOW"),
        ({"UserIds": ["alice"]}, "192.0.2.1", "IMAP", "DENY"),
        ({"UserIds": ["bob"]}, "192.0.2.1", "IMAP", "ALLOW"),
        ({"NotUserIds": ["alice"]}, "192.0.2.1", "IMAP", "ALLOW"),
        ({"IpRanges": ["192.0.2.7/24"], "Actions": ["EWS"]}, "192.0.2.1", "IMAP", "ALLOW"),
    ],
)
def test_a_denial_that_matches_wins(
    people: Any, condition: Any, address: str, action: str, effect: str
) -> None:
    ids = {name: id_of(people, f"{name}@acme.example") for name in ("alice", "bob")}
    resolved = {key: [ids.get(item, item) for item in value] for key, value in condition.items()}
    people("put_access_control_rule", Name="no", Effect="DENY", Description="d", **resolved)

    reply = people(
        "get_access_control_effect", IpAddress=address, Action=action, UserId=ids["alice"]
    )

    assert (effect, ["no" if effect == "DENY" else "default"]) == (
        reply["Effect"],
        reply["MatchedRules"],
    )


def test_without_any_rule_nobody_gets_in(people: Any) -> None:
    people("delete_access_control_rule", Name="default")
    (rule,) = people("list_mobile_device_access_rules")["Rules"]
    people(
        "delete_mobile_device_access_rule",
        MobileDeviceAccessRuleId=rule["MobileDeviceAccessRuleId"],
    )
    alice = id_of(people, "alice@acme.example")

    access = people(
        "get_access_control_effect", IpAddress="192.0.2.1", Action="WebMail", UserId=alice
    )

    assert {"Effect": "DENY", "MatchedRules": []} == access
    assert {"Effect": "DENY", "MatchedRules": []} == people("get_mobile_device_access_effect")


def test_a_role_is_asked_about_with_ews_alone(people: Any, refused: Any) -> None:
    role = people("create_impersonation_role", Name="backup", Type="READ_ONLY", Rules=[])[
        "ImpersonationRoleId"
    ]
    people(
        "put_access_control_rule",
        Name="no-backup",
        Effect="DENY",
        Description="d",
        ImpersonationRoleIds=[role],
    )
    asked = {"IpAddress": "192.0.2.1", "ImpersonationRoleId": role}

    assert ["no-backup"] == people("get_access_control_effect", **asked, Action="EWS")[
        "MatchedRules"
    ]
    with refused("InvalidParameterException"):
        people("get_access_control_effect", **asked, Action="IMAP")
    with refused("InvalidParameterException"):
        people("get_access_control_effect", IpAddress="192.0.2.1", Action="EWS")
    with refused("ResourceNotFoundException"):
        people(
            "get_access_control_effect",
            IpAddress="192.0.2.1",
            Action="EWS",
            ImpersonationRoleId="none",
        )


@pytest.mark.parametrize(
    ("condition", "device", "effect"),
    [
        ({"DeviceTypes": ["iph"]}, {"DeviceType": "iPhone"}, "DENY"),
        ({"DeviceTypes": ["iPhone"]}, {"DeviceType": "iPad"}, "ALLOW"),
        ({"NotDeviceTypes": ["iPhone"]}, {"DeviceType": "iPhone 9"}, "ALLOW"),
        ({"NotDeviceTypes": ["iPhone"]}, {"DeviceType": "Pixel"}, "DENY"),
        ({"DeviceModels": ["$NONE"]}, {}, "DENY"),
        ({"DeviceModels": ["$NONE"]}, {"DeviceModel": "x"}, "ALLOW"),
        (
            {"DeviceOperatingSystems": ["iOS"], "DeviceUserAgents": ["Apple"]},
            {"DeviceOperatingSystem": "iOS 18"},
            "ALLOW",
        ),
    ],
)
def test_devices_are_compared_by_prefix_without_case(
    acme: Any, condition: Any, device: Any, effect: str
) -> None:
    acme("create_mobile_device_access_rule", Name="no", Effect="DENY", **condition)

    assert effect == acme("get_mobile_device_access_effect", **device)["Effect"]


def test_a_mobile_rule_is_replaced_as_a_whole(acme: Any, refused: Any) -> None:
    rule_id = acme(
        "create_mobile_device_access_rule",
        Name="phones",
        Effect="DENY",
        Description="d",
        DeviceTypes=["iPhone"],
    )["MobileDeviceAccessRuleId"]

    acme(
        "update_mobile_device_access_rule",
        MobileDeviceAccessRuleId=rule_id,
        Name="all",
        Effect="ALLOW",
    )

    changed = acme("list_mobile_device_access_rules")["Rules"][1]
    assert {"MobileDeviceAccessRuleId", "Name", "Effect", "DateCreated", "DateModified"} == set(
        changed
    )
    acme("delete_mobile_device_access_rule", MobileDeviceAccessRuleId=rule_id)
    acme("delete_mobile_device_access_rule", MobileDeviceAccessRuleId=rule_id)
    with refused("EntityNotFoundException"):
        acme(
            "update_mobile_device_access_rule",
            MobileDeviceAccessRuleId=rule_id,
            Name="all",
            Effect="ALLOW",
        )


def test_an_override_is_found_whatever_the_case_of_its_device(people: Any, refused: Any) -> None:
    device = {"UserId": "alice", "DeviceId": "ABC123"}
    people("put_mobile_device_access_override", **device, Effect="DENY", Description="lost")
    people("put_mobile_device_access_override", **device, Effect="ALLOW")
    people("put_mobile_device_access_override", UserId="bob", DeviceId="X", Effect="DENY")

    found = people("get_mobile_device_access_override", UserId="alice", DeviceId="abc123")

    def listed(**filters: str) -> int:
        return len(people("list_mobile_device_access_overrides", **filters)["Overrides"])

    assert ("ALLOW", None) == (found["Effect"], found.get("Description"))
    assert [2, 1, 1, 0] == [
        listed(),
        listed(UserId="bob"),
        listed(DeviceId="abc123"),
        listed(UserId="bob", DeviceId="abc123"),
    ]
    for _ in range(2):
        people("delete_mobile_device_access_override", **device)
    with refused("ResourceNotFoundException"):
        people("get_mobile_device_access_override", **device)
    with refused("EntityStateException"):
        people.user("carol")
        people("put_mobile_device_access_override", UserId="carol", DeviceId="X", Effect="DENY")


def test_an_organization_has_one_retention_policy(acme: Any, refused: Any) -> None:
    policy = {
        "Name": "standard",
        "FolderConfigurations": [{"Name": "INBOX", "Action": "DELETE", "Period": 30}],
    }
    with refused("EntityNotFoundException"):
        acme("get_default_retention_policy")
    acme("put_retention_policy", **policy)
    first = acme("get_default_retention_policy")

    with refused("LimitExceededException"):
        acme("put_retention_policy", **policy)
    with refused("InvalidParameterException"):
        acme("put_retention_policy", Id="another", **policy)
    acme("put_retention_policy", Id=first["Id"], Name="other", FolderConfigurations=[])

    changed = acme("get_default_retention_policy")
    assert {"Id": first["Id"], "Name": "other", "FolderConfigurations": []} == changed
    acme("delete_retention_policy", Id="another")
    acme("get_default_retention_policy")
    acme("delete_retention_policy", Id=first["Id"])
    with refused("EntityNotFoundException"):
        acme("get_default_retention_policy")


@pytest.mark.parametrize(
    "folders",
    [
        [{"Name": "INBOX", "Action": "DELETE"}],
        [{"Name": "INBOX", "Action": "NONE"}, {"Name": "INBOX", "Action": "NONE"}],
        [{"Name": "INBOX", "Action": "DELETE", "Period": 731}],
    ],
    ids=["no period", "a folder twice", "two years and a day"],
)
def test_a_retention_policy_makes_sense(acme: Any, refused: Any, folders: Any) -> None:
    with refused("InvalidParameterException"):
        acme("put_retention_policy", Name="standard", FolderConfigurations=folders)


def test_a_role_impersonates_whom_its_rules_allow(people: Any, refused: Any) -> None:
    everyone = {"ImpersonationRuleId": "everyone", "Name": "all", "Effect": "ALLOW"}
    not_bob = {"ImpersonationRuleId": "not-bob", "Effect": "DENY", "TargetUsers": ["bob"]}
    role = people(
        "create_impersonation_role", Name="backup", Type="READ_ONLY", Rules=[everyone, not_bob]
    )["ImpersonationRoleId"]

    def effect(user: str) -> Any:
        return people("get_impersonation_role_effect", ImpersonationRoleId=role, TargetUser=user)

    assert {
        "Type": "READ_ONLY",
        "Effect": "ALLOW",
        "MatchedRules": [{"ImpersonationRuleId": "everyone", "Name": "all"}],
    } == effect("alice")
    assert {
        "Type": "READ_ONLY",
        "Effect": "DENY",
        "MatchedRules": [{"ImpersonationRuleId": "not-bob"}],
    } == effect("bob@acme.example")
    with refused("EntityNotFoundException"):
        effect("nobody")
    people(
        "update_impersonation_role",
        ImpersonationRoleId=role,
        Name="backup",
        Type="READ_ONLY",
        Rules=[{**everyone, "NotTargetUsers": ["alice@acme.example"]}],
    )
    assert ["DENY", "ALLOW"] == [effect(name)["Effect"] for name in ("alice", "bob")]
    people(
        "update_impersonation_role",
        ImpersonationRoleId=role,
        Name="backup",
        Type="FULL_ACCESS",
        Rules=[],
    )
    assert {"Type": "FULL_ACCESS", "Effect": "DENY", "MatchedRules": []} == effect("alice")


def test_a_role_is_created_read_listed_assumed_and_deleted(people: Any, refused: Any) -> None:
    rule = {"ImpersonationRuleId": "r", "Effect": "ALLOW", "NotTargetUsers": ["bob"]}
    role = people("create_impersonation_role", Name="backup", Type="READ_ONLY", Rules=[rule])

    read = people("get_impersonation_role", **role)
    token = people("assume_impersonation_role", **role)
    listed = people("list_impersonation_roles")["Roles"]
    with refused("InvalidParameterException"):
        people("create_impersonation_role", Name="backup", Type="READ_ONLY", Rules=[])
    with refused("InvalidParameterException"):
        people("create_impersonation_role", Name="x", Type="READ_ONLY", Rules=[rule, rule])
    with refused("EntityNotFoundException"):
        wrong = {**rule, "NotTargetUsers": ["nobody"]}
        people("create_impersonation_role", Name="x", Type="READ_ONLY", Rules=[wrong])
    for _ in range(2):
        people("delete_impersonation_role", **role)

    assert ([rule], "backup", 900) == (read["Rules"], read["Name"], token["ExpiresIn"])
    assert ["backup"] == [item["Name"] for item in listed]
    for operation in ("get_impersonation_role", "assume_impersonation_role"):
        with refused("ResourceNotFoundException"):
            people(operation, **role)


def test_an_availability_configuration_shows_no_password(acme: Any, refused: Any) -> None:
    ews = {
        "EwsEndpoint": "https://ews.partner.invalid/ews",
        "EwsUsername": "svc",
        "EwsPassword": "canary",
    }
    function = {"LambdaArn": "arn:aws:lambda:eu-west-1:000000000000:function:availability"}
    acme("create_availability_configuration", DomainName="partner.example", EwsProvider=ews)

    (listed,) = acme("list_availability_configurations")["AvailabilityConfigurations"]
    tested = acme("test_availability_configuration", DomainName="Partner.example")
    with refused("NameAvailabilityException"):
        acme("create_availability_configuration", DomainName="Partner.example", EwsProvider=ews)
    acme(
        "update_availability_configuration",
        DomainName="partner.example",
        LambdaProvider=function,
    )

    assert ("EWS", {"EwsEndpoint", "EwsUsername"}) == (
        listed["ProviderType"],
        set(listed["EwsProvider"]),
    )
    assert "canary" not in f"{acme.emulator.state()}{acme.emulator.calls}"
    assert (False, True) == (
        tested["TestPassed"],
        acme("test_availability_configuration", DomainName="partner.example")["TestPassed"],
    )
    for _ in range(2):
        acme("delete_availability_configuration", DomainName="partner.example")
    for operation in ("update_availability_configuration", "test_availability_configuration"):
        fields = {"LambdaProvider": function} if operation.startswith("update") else {}
        with refused("ResourceNotFoundException"):
            acme(operation, DomainName="partner.example", **fields)


def test_an_availability_configuration_has_one_provider(acme: Any, refused: Any) -> None:
    function = {"LambdaArn": "arn:aws:lambda:eu-west-1:000000000000:function:availability"}

    for operation in ("create", "update", "test"):
        name = {} if operation == "test" else {"DomainName": "partner.example"}
        with refused("InvalidParameterException"):
            acme(f"{operation}_availability_configuration", **name)
    with refused("InvalidParameterException"):
        acme(
            "test_availability_configuration",
            DomainName="partner.example",
            LambdaProvider=function,
        )


def test_email_monitoring_is_off_until_it_is_put(acme: Any, refused: Any) -> None:
    with refused("ResourceNotFoundException"):
        acme("describe_email_monitoring_configuration")
    with refused("InvalidParameterException"):
        foreign = LOG_GROUP.replace("eu-west-1", "us-east-1")
        acme("put_email_monitoring_configuration", LogGroupArn=foreign)
    acme("put_email_monitoring_configuration", LogGroupArn=LOG_GROUP)
    by_service = acme("describe_email_monitoring_configuration")
    acme("put_email_monitoring_configuration", LogGroupArn=LOG_GROUP, RoleArn=ROLE)
    by_role = acme("describe_email_monitoring_configuration")

    assert by_service["RoleArn"].endswith("AWSServiceRoleForAmazonWorkMailEvents")
    assert {"RoleArn": ROLE, "LogGroupArn": LOG_GROUP} == by_role
    for _ in range(2):
        acme("delete_email_monitoring_configuration")
    with refused("ResourceNotFoundException"):
        acme("describe_email_monitoring_configuration")


def test_dmarc_is_switched(acme: Any) -> None:
    acme("put_inbound_dmarc_settings", Enforced=False)

    assert {"Enforced": False} == acme("describe_inbound_dmarc_settings")


def test_identity_center_needs_an_application_made_here(acme: Any, refused: Any) -> None:
    application = acme.client.create_identity_center_application(Name="mail", InstanceArn=INSTANCE)[
        "ApplicationArn"
    ]
    center = {"InstanceArn": INSTANCE, "ApplicationArn": application}
    configuration = {
        "AuthenticationMode": "IDENTITY_PROVIDER_AND_DIRECTORY",
        "IdentityCenterConfiguration": center,
        "PersonalAccessTokenConfiguration": {"Status": "ACTIVE", "LifetimeInDays": 365},
    }

    with refused("ResourceNotFoundException"):
        acme("describe_identity_provider_configuration")
    with refused("InvalidParameterException"):
        other = {**center, "InstanceArn": INSTANCE.replace("0123", "4567")}
        fields = {**configuration, "IdentityCenterConfiguration": other}
        acme("put_identity_provider_configuration", **fields)
    acme("put_identity_provider_configuration", **configuration)

    assert configuration == acme("describe_identity_provider_configuration")
    for _ in range(2):
        acme.client.delete_identity_center_application(ApplicationArn=application)
    with refused("ResourceNotFoundException"):
        acme("put_identity_provider_configuration", **configuration)
    for _ in range(2):
        acme("delete_identity_provider_configuration")
    with refused("ResourceNotFoundException"):
        acme("describe_identity_provider_configuration")


def test_an_organization_takes_its_application_with_it_if_asked_to(acme: Any) -> None:
    application = acme.client.create_identity_center_application(Name="mail", InstanceArn=INSTANCE)[
        "ApplicationArn"
    ]
    fields: dict[str, Any] = {
        "AuthenticationMode": "IDENTITY_PROVIDER_ONLY",
        "IdentityCenterConfiguration": {"InstanceArn": INSTANCE, "ApplicationArn": application},
        "PersonalAccessTokenConfiguration": {"Status": "INACTIVE"},
    }
    acme("put_identity_provider_configuration", **fields)

    acme("delete_organization", DeleteDirectory=True, DeleteIdentityCenterApplication=True)

    shown = acme.emulator.state()["regions"]["eu-west-1"]["applications"]
    assert {} == shown


def test_personal_access_tokens_are_listed_and_revoked(people: Any, refused: Any) -> None:
    alice = id_of(people, "alice@acme.example")
    token_id = people.emulator.add_access_token(
        region="eu-west-1", organization=people.organization, user=alice, name="phone"
    )

    listed = people("list_personal_access_tokens")["PersonalAccessTokenSummaries"]
    of_bob = people("list_personal_access_tokens", UserId="bob")["PersonalAccessTokenSummaries"]
    read = people("get_personal_access_token_metadata", PersonalAccessTokenId=token_id)

    assert ([token_id], [], "phone") == (
        [token["PersonalAccessTokenId"] for token in listed],
        of_bob,
        read["Name"],
    )
    for _ in range(2):
        people("delete_personal_access_token", PersonalAccessTokenId=token_id)
    with refused("ResourceNotFoundException"):
        people("get_personal_access_token_metadata", PersonalAccessTokenId=token_id)
