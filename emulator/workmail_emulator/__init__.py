"""A local Amazon WorkMail and Directory Service, for tests and rehearsals."""

from workmail_emulator.api import is_write
from workmail_emulator.calls import Call, Phase
from workmail_emulator.emulator import Emulator
from workmail_emulator.errors import ResponseLost, ServiceFault
from workmail_emulator.faults import Fault
from workmail_emulator.view import MailboxView

__all__ = [
    "Call",
    "Emulator",
    "Fault",
    "MailboxView",
    "Phase",
    "ResponseLost",
    "ServiceFault",
    "is_write",
]
