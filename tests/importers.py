"""First lines of the files that importers take, as their makers publish them."""

from __future__ import annotations

# learn.microsoft.com/entra/identity/users/users-bulk-add (2025-12-05)
ENTRA_USERS = (
    "version:v1.0",
    "Name [displayName] Required,User name [userPrincipalName] Required,"
    "Initial password [passwordProfile] Required,"
    "Block sign in (Yes/No) [accountEnabled] Required,First name [givenName],Last name [surname],"
    "Job title [jobTitle],Department [department],Usage location [usageLocation],"
    "Street address [streetAddress],State or province [state],Country or region [country],"
    "Office [physicalDeliveryOfficeName],City [city],ZIP or postal code [postalCode],"
    "Office phone [telephoneNumber],Mobile phone [mobile]",
)

# MicrosoftDocs/microsoft-365-docs, page add-several-users-at-the-same-time, of 2024-11-26
ADMIN_CENTER_USERS = (
    "User Name,First Name,Last Name,Display Name,Job Title,Department,Office Number,Office Phone,"
    "Mobile Phone,Fax,Alternate email address,Address,City,State or Province,ZIP or Postal Code,"
    "Country or Region",
)

# MicrosoftDocs/OfficeDocs-Exchange, csv-files-for-imap-migrations (2021-07-14)
IMAP_BATCH = ("EmailAddress,UserName,Password",)

# support.google.com/a/answer/40057, and nine public repositories with such files
GOOGLE_USERS = (
    "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],"
    "Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],"
    "New Primary Email [UPLOAD ONLY],Recovery Email,Home Secondary Email,Work Secondary Email,"
    "Recovery Phone [MUST BE IN THE E.164 FORMAT],Work Phone,Home Phone,Mobile Phone,Work Address,"
    "Home Address,Employee ID,Employee Type,Employee Title,Manager Email,Department,Cost Center,"
    "Building ID,Floor Name,Floor Section,Change Password at Next Sign-In,"
    "New Status [UPLOAD ONLY],New Licenses [UPLOAD ONLY],Advanced Protection Program enrollment",
)

# imapsync/imapsync, examples/file.txt (2025-07-17)
IMAPSYNC = ("# host1;user1;password1;host2;user2;password2;extra;",)
