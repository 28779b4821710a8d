"""The calls of AWS Directory Service that a WorkMail provisioner needs."""

from __future__ import annotations

from workmail_emulator import api, directories, paging, people
from workmail_emulator.api import Document
from workmail_emulator.errors import ServiceFault, invalid_parameter
from workmail_emulator.organizations import state_of
from workmail_emulator.state import Directory, DirectoryKind
from workmail_emulator.world import DATA_ACCESS_SECONDS, Context

LIMIT = 10
"""Directories of one sort in a region; Directory Service quotas, facts.md §3."""

MOST_TAGS = 50
"""Tags of a directory; botocore ds, TagLimitExceededException and the Tags of AddTagsToResource."""

LIMITS: dict[DirectoryKind, str] = {
    "SimpleAD": "CloudOnlyDirectories",
    "MicrosoftAD": "CloudOnlyMicrosoftAD",
    "ADConnector": "ConnectedDirectories",
}


def create_directory(context: Context) -> Document:
    """Create a Simple AD. Source: botocore ds, CreateDirectory."""
    return _create(context, "SimpleAD", {"VpcSettings": _vpc(context, "VpcSettings")})


def create_microsoft_ad(context: Context) -> Document:
    """Create a Managed Microsoft AD. Source: botocore ds, CreateMicrosoftAD."""
    edition: str = context.parameters.get("Edition", "Enterprise")
    return _create(
        context, "MicrosoftAD", {"Edition": edition, "VpcSettings": _vpc(context, "VpcSettings")}
    )


def connect_directory(context: Context) -> Document:
    """Create an AD Connector; it finds who was put there by `networks`, or nobody.

    Source:
        botocore ds, ConnectDirectory.
    """
    settings = context.parameters["ConnectSettings"]
    shown = {
        **(_vpc(context, "ConnectSettings") or {}),
        "CustomerUserName": settings["CustomerUserName"],
        "ConnectIps": settings.get("CustomerDnsIps", []),
    }
    answer = _create(context, "ADConnector", {"ConnectSettings": shown})
    found = context.world.networks.get(context.parameters["Name"].lower(), {})
    people.add_people(context, context.region.directories[answer["DirectoryId"]], found)
    return answer


def _vpc(context: Context, field: str) -> Document | None:
    settings: Document | None = context.parameters.get(field)
    if settings is None:
        return None
    return {"VpcId": settings["VpcId"], "SubnetIds": settings["SubnetIds"]}


def _create(context: Context, kind: DirectoryKind, described: Document) -> Document:
    """Make a directory within the quota. Source: botocore ds, DirectoryLimitExceededException."""
    parameters = context.parameters
    if len(_live(context, kind)) >= LIMIT:
        raise ServiceFault(
            "DirectoryLimitExceededException", f"There are {LIMIT} {kind} directories already."
        )
    shown = api.without_nones(
        ShortName=parameters.get("ShortName"),
        Size=parameters.get("Size"),
        Description=parameters.get("Description"),
        **described,
    )
    directory = directories.new_directory(context, kind, parameters["Name"], described=shown)
    directory.tags = {tag["Key"]: tag["Value"] for tag in parameters.get("Tags", [])}
    context.region.directories[directory.id] = directory
    return {"DirectoryId": directory.id}


def describe_directories(context: Context) -> Document:
    """Describe directories; WorkMail's own ones are not shown.

    Source:
        facts.md §5; botocore ds, the operation: an empty list of ids is refused.
    """
    wanted: list[str] | None = context.parameters.get("DirectoryIds")
    if wanted == []:
        raise invalid_parameter("DirectoryIds is empty; leave it out to get every directory.")
    shown = [item for item in _described(context) if wanted is None or item.id in wanted]
    if wanted and (absent := set(wanted) - {item.id for item in shown}):
        raise _no_entity(sorted(absent)[0])
    return paging.page(
        context,
        "DirectoryDescriptions",
        shown,
        lambda item: _description(context, item),
        size_field="Limit",
    )


def _described(context: Context) -> list[Directory]:
    return [
        item
        for item in context.region.directories.values()
        if item.kind != "VpcDirectory" and directories.stage(context, item) != "Deleted"
    ]


def _live(context: Context, kind: DirectoryKind) -> list[Directory]:
    return [item for item in _described(context) if item.kind == kind and item.deleted_at is None]


def _description(context: Context, directory: Directory) -> Document:
    alias = directory.alias or directory.id
    return {
        "DirectoryId": directory.id,
        "Name": directory.name,
        "Alias": alias,
        "AccessUrl": f"{alias}.awsapps.com",
        "Type": directory.kind,
        "Stage": directories.stage(context, directory),
        "LaunchTime": directory.created_at,
        "SsoEnabled": False,
        **directory.described,
    }


def delete_directory(context: Context) -> Document:
    """Begin to delete a directory that no application uses. Source: facts.md §5."""
    directory = _directory(context)
    users = [
        organization.id
        for organization in context.region.organizations.values()
        if organization.directory_id == directory.id
        and state_of(context, organization) != "Deleted"
    ]
    if users or directory.authorized:
        raise ServiceFault(
            "ClientException",
            "Cannot delete the directory because it still has authorized applications.",
        )
    directory.deleted_at = context.now
    return {"DirectoryId": directory.id}


def create_alias(context: Context) -> Document:
    """Give a directory its alias, once and permanently. Source: botocore ds, CreateAlias."""
    directory = _directory(context)
    alias: str = context.parameters["Alias"]
    if directory.alias:
        raise _exists(f"Directory {directory.id} has the alias {directory.alias} already.")
    if alias.lower() in context.world.aliases:
        raise _exists(f"The alias {alias} is already in use.")
    directory.alias = alias
    context.world.aliases[alias.lower()] = directory.id
    return {"DirectoryId": directory.id, "Alias": alias}


def enable_directory_data_access(context: Context) -> Document:
    """Switch user and group management on. Source: facts.md §5."""
    return _switch_data_access(context, wanted=True)


def disable_directory_data_access(context: Context) -> Document:
    """Switch user and group management off. Source: facts.md §5."""
    return _switch_data_access(context, wanted=False)


def _switch_data_access(context: Context, *, wanted: bool) -> Document:
    """Switch user and group management. Source: botocore ds, the errors of the operations."""
    directory = _managed(context)
    if directories.stage(context, directory) != "Active":
        raise ServiceFault(
            "DirectoryUnavailableException", f"Directory {directory.id} is not Active."
        )
    present = directory.data_access[0] if directory.data_access else False
    if present == wanted:
        raise ServiceFault(
            "DirectoryInDesiredStateException", f"Directory {directory.id} is in this state."
        )
    directory.data_access = (wanted, context.now)
    return {}


def describe_directory_data_access(context: Context) -> Document:
    """Return how far user and group management is switched. Source: botocore ds, the operation."""
    directory = _managed(context)
    if directory.data_access is None:
        return {"DataAccessStatus": "Disabled"}
    wanted, since = directory.data_access
    word = "Enabl" if wanted else "Disabl"
    over = context.now >= since + context.delay(DATA_ACCESS_SECONDS)
    return {"DataAccessStatus": f"{word}ed" if over else f"{word}ing"}


def get_directory_limits(context: Context) -> Document:
    """Answer how many directories there may be and are. Source: botocore ds, DirectoryLimits."""
    limits: Document = {}
    for kind, name in LIMITS.items():
        count = len(_live(context, kind))
        limits[f"{name}Limit"] = LIMIT
        limits[f"{name}CurrentCount"] = count
        limits[f"{name}LimitReached"] = count >= LIMIT
    return {"DirectoryLimits": limits}


def add_tags_to_resource(context: Context) -> Document:
    """Add or change a directory's tags. Source: botocore ds, AddTagsToResource."""
    directory = _directory(context, "ResourceId")
    tags = {tag["Key"]: tag["Value"] for tag in context.parameters["Tags"]}
    merged = {**directory.tags, **tags}
    if len(merged) > MOST_TAGS:
        raise ServiceFault(
            "TagLimitExceededException", f"A directory has at most {MOST_TAGS} tags."
        )
    directory.tags = merged
    return {}


def remove_tags_from_resource(context: Context) -> Document:
    """Remove a directory's tags. Source: botocore ds, RemoveTagsFromResource."""
    directory = _directory(context, "ResourceId")
    for key in context.parameters["TagKeys"]:
        directory.tags.pop(key, None)
    return {}


def list_directory_tags(context: Context) -> Document:
    """List a directory's tags. Source: botocore ds, ListTagsForResource."""
    directory = _directory(context, "ResourceId")
    return paging.page(
        context,
        "Tags",
        directory.tags.items(),
        lambda tag: {"Key": tag[0], "Value": tag[1]},
        size_field="Limit",
    )


def _directory(context: Context, field: str = "DirectoryId") -> Directory:
    """Find a directory that people see. Source: botocore ds, EntityDoesNotExistException."""
    directory_id: str = context.parameters[field]
    directory = context.region.directories.get(directory_id)
    if directory is None or directory.kind == "VpcDirectory" or directory.deleted_at is not None:
        raise _no_entity(directory_id)
    return directory


def _managed(context: Context) -> Directory:
    """Find a Managed Microsoft AD; the data access calls have an error of their own.

    Source:
        botocore ds, DirectoryDoesNotExistException, UnsupportedOperationException.
    """
    directory_id: str = context.parameters["DirectoryId"]
    try:
        directory = _directory(context)
    except ServiceFault as fault:
        raise ServiceFault("DirectoryDoesNotExistException", fault.message) from fault
    if directory.kind != "MicrosoftAD":
        raise ServiceFault(
            "UnsupportedOperationException", f"Directory {directory_id} is a {directory.kind}."
        )
    return directory


def _no_entity(directory_id: str) -> ServiceFault:
    return ServiceFault("EntityDoesNotExistException", f"Directory {directory_id} does not exist.")


def _exists(message: str) -> ServiceFault:
    return ServiceFault("EntityAlreadyExistsException", message)
