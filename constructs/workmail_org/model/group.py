"""Group: an address that reaches its members, who are users and groups."""

from __future__ import annotations

from dataclasses import dataclass

from workmail_org.model.values import Kind, Listing, Reference

BUILT_IN_GROUPS = frozenset(
    {
        *("Access Control Assistance Operators", "Account Operators", "Administrators"),
        *("Allowed RODC Password Replication Group", "Backup Operators", "Cert Publishers"),
        *("Certificate Service DCOM Access", "Cloneable Domain Controllers"),
        *("Cryptographic Operators", "Denied RODC Password Replication Group"),
        *("Distributed COM Users", "DnsAdmins", "DnsUpdateProxy", "Domain Admins"),
        *("Domain Computers", "Domain Controllers", "Domain Guests", "Domain Users"),
        *("Enterprise Admins", "Enterprise Key Admins", "Enterprise Read-only Domain Controllers"),
        *("Event Log Readers", "Group Policy Creator Owners", "Guests", "Hyper-V Administrators"),
        *("IIS_IUSRS", "Incoming Forest Trust Builders", "Key Admins"),
        *("Network Configuration Operators", "Performance Log Users"),
        *("Performance Monitor Users", "Pre-Windows 2000 Compatible Access", "Print Operators"),
        *("Protected Users", "RAS and IAS Servers", "RDS Endpoint Servers"),
        *("RDS Management Servers", "RDS Remote Access Servers", "Read-only Domain Controllers"),
        *("Remote Desktop Users", "Remote Management Users", "Replicator", "Schema Admins"),
        *("Server Operators", "Storage Replica Administrators"),
        *("Terminal Server License Servers", "Users", "Windows Authorization Access Group"),
    }
)
"""What a directory has by itself (Microsoft Learn, "Active Directory security groups"). That a
directory of WorkMail has no others is assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A WorkMail group, desired or actual.

    Attributes:
        name: WorkMail group name and spec key; immutable.
        email: Primary address. Empty for an actual group that never had one.
        aliases: Further addresses; sorted, without the primary.
        members: Users and groups; a set, kept sorted.
        enabled: Actual groups can be `False`; a spec always wants `True`.
        adopt: Take over a group of that name that exists already.
        exclusive: Lists that have no entries but declared ones; sorted. Others keep what
            people add by hand.
    """

    name: str
    email: str = ""
    aliases: tuple[str, ...] = ()
    members: tuple[Reference, ...] = ()
    hidden_from_global_address_list: bool = False
    enabled: bool = True
    adopt: bool = False
    exclusive: tuple[Listing, ...] = ()

    @property
    def reference(self) -> Reference:
        """How the rest of the spec names this group."""
        return Reference(Kind.GROUP, self.name)
