#Requires -Modules ExchangeOnlineManagement
# Written by workmail-org. Every step looks first, so the script can be run again. It creates and
# adds; it removes nothing. With -WhatIf it only says what it would do.
[CmdletBinding(SupportsShouldProcess = $true)]
param()
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$Failures = [System.Collections.Generic.List[string]]::new()

function Invoke-Step {
    param([string] $What, [scriptblock] $Test, [scriptblock] $Command)
    try {
        if (& $Test) { Write-Host "there already: $What"; return }
        if ($PSCmdlet.ShouldProcess($What)) { & $Command; Write-Host "done: $What" }
    } catch {
        $Failures.Add("${What}: $($_.Exception.Message)")
        Write-Warning "failed: ${What}: $($_.Exception.Message)"
    }
}

function Test-Recipient {
    param([string] $Address)
    [bool] (Get-Recipient -Identity $Address -ErrorAction SilentlyContinue)
}

function Test-Address {
    param([string] $Recipient, [string] $Address)
    $found = Get-Recipient -Identity $Recipient -ErrorAction SilentlyContinue
    [bool] $found -and @($found.EmailAddresses) -contains "smtp:$Address"
}

function Test-Member {
    param([string] $Group, [string] $Member)
    $found = Get-DistributionGroupMember -Identity $Group -ResultSize Unlimited `
        -ErrorAction SilentlyContinue
    @($found | Where-Object { $_ } | ForEach-Object { "$($_.PrimarySmtpAddress)" }) -contains $Member
}

function Test-FullAccess {
    param([string] $Mailbox, [string] $User)
    $found = Get-MailboxPermission -Identity $Mailbox -User $User -ErrorAction SilentlyContinue
    [bool] @($found | Where-Object { $_ -and $_.AccessRights -contains 'FullAccess' -and -not $_.Deny })
}

function Test-SendAs {
    param([string] $Mailbox, [string] $Trustee)
    [bool] (Get-RecipientPermission -Identity $Mailbox -Trustee $Trustee `
        -ErrorAction SilentlyContinue)
}

# <steps>

if ($Failures.Count) {
    Write-Host "$($Failures.Count) steps failed; run the script again once their cause is gone:"
    $Failures | ForEach-Object { Write-Host "  $_" }
    exit 1
}
Write-Host 'all steps are done'
