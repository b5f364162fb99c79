#Requires -Version 5.1
<#
.SYNOPSIS
Carries certificate requests from Perennial to an enterprise CA, and its answers back.
.DESCRIPTION
Asks Perennial what is to be done, runs certreq, sends what it printed and wrote, and ends. It decides nothing. Run it once a minute, as
a scheduled task or on a Hybrid Runbook Worker, under an account that may enrol with the template. See docs/issuers/ad-cs.md.
.PARAMETER SecretFile
Holds the secret of the issuer: whsec_ and base64, or a text. Readable for that account alone.
#>
param(
    [Parameter(Mandatory)] [ValidatePattern('\Ahttps://[A-Za-z0-9.:-]+\z')] [string] $App,
    [Parameter(Mandatory)] [ValidatePattern('\A[A-Za-z0-9-]{1,63}\z')] [string] $Issuer,
    [Parameter(Mandatory)] [string] $SecretFile,
    [string] $Folder = "$env:ProgramData\Perennial\ad-cs",
    [ValidatePattern('\A[A-Za-z0-9._-]{1,64}\z')] [string] $Worker = $env:COMPUTERNAME
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12

# What may reach a command line. Perennial has looked at the same; this is the second look.
$shapes = @{
    reference = '\A[0-9a-f]{40}\z'
    attempt   = '\A[0-9]{1,6}\z'
    nonce     = '\A[0-9a-f]{32}\z'
    ca        = '\A[A-Za-z0-9][A-Za-z0-9.-]{0,252}\\[A-Za-z0-9]([A-Za-z0-9 ._()-]{0,62}[A-Za-z0-9)])?\z'
    template  = '\A([A-Za-z][A-Za-z0-9_-]{0,63}|[0-2](\.[0-9]{1,20}){2,30})\z'
    requestId = '\A[0-9]{1,10}\z'
    csr       = '\A-----BEGIN CERTIFICATE REQUEST-----\n[A-Za-z0-9+/=\n]{1,100000}-----END CERTIFICATE REQUEST-----\n\z'
}

function Get-Checked($task, [string] $name) {
    $value = [string] $task.$name
    if ($value -cnotmatch $shapes[$name]) { throw "The task has a $name that is none." }
    $value
}

function Get-Signature([string] $id, [string] $timestamp, [string] $body) {
    $secret = ((Get-Content -Raw -LiteralPath $SecretFile).Trim() -split '\s+')[0]
    if ($secret.StartsWith('whsec_')) { $key = [Convert]::FromBase64String($secret.Substring(6)) }
    else { $key = [Text.Encoding]::UTF8.GetBytes($secret) }
    $hmac = New-Object Security.Cryptography.HMACSHA256 (, $key)
    'v1,' + [Convert]::ToBase64String($hmac.ComputeHash([Text.Encoding]::UTF8.GetBytes("$id.$timestamp.$body")))
}

# Standard Webhooks 1.0.0, both ways: whoever answers has the secret too, and answers this very question.
function Send-Signed([string] $path, $content, [switch] $Believe) {
    $body = ConvertTo-Json -Compress -Depth 5 $content
    $id = 'msg_' + [guid]::NewGuid().ToString('N')
    $timestamp = [string] [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
    $headers = @{ 'webhook-id' = $id; 'webhook-timestamp' = $timestamp; 'webhook-signature' = (Get-Signature $id $timestamp $body) }
    $answer = Invoke-WebRequest -UseBasicParsing -Method Post -Uri "$App/api/relay/$Issuer/$path" -Headers $headers `
        -ContentType 'application/json' -Body ([Text.Encoding]::UTF8.GetBytes($body)) -MaximumRedirection 0 -TimeoutSec 60
    $text = [Text.Encoding]::UTF8.GetString($answer.RawContentStream.ToArray())
    if ($Believe) {
        $given = [string] $answer.Headers['webhook-timestamp']
        $isRight = [string] $answer.Headers['webhook-signature'] -ceq (Get-Signature $id $given $text)
        if (-not $isRight) { throw 'The answer is not signed with the secret of this issuer.' }
    }
    ConvertFrom-Json $text
}

# certreq and nothing else. Windows gets each argument as one: none holds a quote, a percent sign or a line break.
function Invoke-Certreq([string[]] $arguments, [string] $chain) {
    if (Test-Path -LiteralPath $chain) { Remove-Item -LiteralPath $chain }
    $ErrorActionPreference = 'Continue'
    $output = & "$env:SystemRoot\System32\certreq.exe" @arguments 2>&1 | Out-String
    $code = $LASTEXITCODE
    $ErrorActionPreference = 'Stop'
    $certificates = ''
    if (Test-Path -LiteralPath $chain) { $certificates = [IO.File]::ReadAllText($chain) }
    if ($output.Length -gt 16000) { $output = $output.Substring(0, 16000) }
    @{ outcome = 'ran'; exitCode = $code; output = $output; certificates = $certificates }
}

# Written before certreq runs, and its words after it, before anybody is told: a request is submitted once for each attempt.
function Invoke-Submit($task) {
    $name = Join-Path $Folder ('{0}-{1}' -f (Get-Checked $task 'reference'), (Get-Checked $task 'attempt'))
    if (Test-Path -LiteralPath "$name.json") { return ConvertFrom-Json ([IO.File]::ReadAllText("$name.json")) }
    if (Test-Path -LiteralPath "$name.csr") { return @{ outcome = 'stopped'; exitCode = 0; output = ''; certificates = '' } }
    $ca = Get-Checked $task 'ca'
    $template = Get-Checked $task 'template'
    [IO.File]::WriteAllText("$name.csr", (Get-Checked $task 'csr'))
    $ran = Invoke-Certreq @('-submit', '-q', '-f', '-config', $ca, '-attrib', "CertificateTemplate:$template",
        "$name.csr", "$name.cer", "$name.p7b") "$name.p7b"
    [IO.File]::WriteAllText("$name.tmp", (ConvertTo-Json -Compress $ran))
    Move-Item -LiteralPath "$name.tmp" -Destination "$name.json"
    $ran
}

function Invoke-Retrieve($task) {
    $name = Join-Path $Folder ('{0}-retrieved' -f (Get-Checked $task 'reference'))
    $ca = Get-Checked $task 'ca'
    $requestId = Get-Checked $task 'requestId'
    Invoke-Certreq @('-retrieve', '-q', '-f', '-config', $ca, $requestId, "$name.cer", "$name.p7b") "$name.p7b"
}

New-Item -ItemType Directory -Force -Path $Folder | Out-Null
# One run at a time: another one would find a request half submitted.
try { $lock = [IO.File]::Open((Join-Path $Folder 'lock'), 'OpenOrCreate', 'ReadWrite', 'None') } catch [IO.IOException] { exit 0 }
try {
    $waiting = Send-Signed 'requests' @{ issuer = $Issuer; worker = $Worker } -Believe
    foreach ($task in $waiting.tasks) {
        try {
            switch -CaseSensitive ($task.action) {
                'submit' { $ran = Invoke-Submit $task }
                'retrieve' { $ran = Invoke-Retrieve $task }
                default { throw 'The task is neither submit nor retrieve.' }
            }
            Send-Signed 'answers' @{
                issuer = $Issuer; reference = (Get-Checked $task 'reference'); nonce = (Get-Checked $task 'nonce')
                outcome = $ran.outcome; exitCode = $ran.exitCode; output = $ran.output; certificates = $ran.certificates
            } | Out-Null
        }
        # The task is given out again; the others go on.
        catch { Write-Warning "$($_.Exception.Message)" }
    }
    Get-ChildItem -LiteralPath $Folder -File | Where-Object { $_.Name -ne 'lock' -and $_.LastWriteTime -lt (Get-Date).AddDays(-120) } | Remove-Item
}
finally { $lock.Dispose() }
