"""What this project raises on purpose.

    WorkMailOrgError               everything raised on purpose
    ├─ SpecError(problems)         the YAML is wrong; carries all problems          exit 2
    ├─ MissingExtraError           an extra of the package is not installed         exit 1
    ├─ FolderError                 new files cannot be written into a folder        exit 2
    ├─ InputError(problems)        a file given beside a spec is wrong              exit 2
    ├─ RevisionError               git has no such revision, or there is no git         exit 2
    ├─ UnsafePlanError             the change must be confirmed                    exit 3
    │  └─ UnapprovedError          it is not what a person approved
    ├─ WireError                   an event or a property that cannot be decoded
    ├─ OvertakenError              CloudFormation does not wait for this request any more
    ├─ DeploymentError             the CDK CLI, or CloudFormation, said no          exit 4
    └─ ServiceError                AWS said no                                      exit 4
       ├─ PermanentError           trying again is useless: bad name, denied, limit
       │  ├─ NotFoundError         on Delete this is success
       │  ├─ ConflictError         name or address taken
       │  └─ DeniedError
       └─ TemporaryError           throttled, directory busy, not consistent yet; retried

"Not yet" is not an error: `is_complete` answers `False`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class WorkMailOrgError(Exception):
    """Everything this project raises on purpose."""


class SpecError(WorkMailOrgError):
    """When a spec is wrong.

    Attributes:
        problems: Every problem found, sorted by place; each prints itself.
    """

    def __init__(self, problems: Sequence[object]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class MissingExtraError(WorkMailOrgError, ImportError):
    """When an extra of the package is not installed."""


class FolderError(WorkMailOrgError):
    """When new files cannot be written into a folder; none of them was."""


class InputError(WorkMailOrgError):
    """When what is given beside a spec is wrong, or a value that only people know is missing.

    Attributes:
        problems: Every problem found, each a sentence with its place.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class RevisionError(WorkMailOrgError):
    """When a revision cannot be read: git says no, or is not there."""


class UnsafePlanError(WorkMailOrgError):
    """When a change must be confirmed; nothing was written.

    Attributes:
        reasons: One sentence for each refused change.
    """

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class UnapprovedError(UnsafePlanError):
    """When a change is not what was approved; a second look may tell otherwise."""


class WireError(WorkMailOrgError):
    """When an event or a property cannot be decoded."""


class OvertakenError(WorkMailOrgError):
    """When CloudFormation does not wait for a request any more; it writes nothing further."""


class DeploymentError(WorkMailOrgError):
    """When the CDK CLI or CloudFormation refuses; the message names the resource and its reason."""


class ServiceError(WorkMailOrgError):
    """When AWS says no.

    Attributes:
        operation: API operation, such as `CreateUser`.
        code: AWS's error code, such as `NameAvailabilityException`.
    """

    def __init__(self, message: str, *, operation: str = "", code: str = "") -> None:
        super().__init__(message)
        self.operation = operation
        self.code = code


class PermanentError(ServiceError):
    """When trying again is useless."""


class NotFoundError(PermanentError):
    """When the thing is not there. On Delete this is success."""


class ConflictError(PermanentError):
    """When a name or an address is taken."""


class DeniedError(PermanentError):
    """When the caller lacks a permission."""


class TemporaryError(ServiceError):
    """When the same call can succeed later: throttled, directory busy, not consistent yet."""
