/**
 * What runs on a Windows machine, as SYSTEM, by managed run command: its bytes never change with the target. Values come
 * as named parameters of the script, and are compared, never evaluated.
 *
 * Baseline, refresh (the Key Vault extension's service is restarted), wait until the wanted leaf is in LocalMachine\My,
 * bind it to the IIS site or restart the service, report: one line of JSON of at most 2 KB.
 */
export const windowsScript = String.raw`# Perennial: takes a certificate into use, and reports what is there.
param(
  [string]$PERENNIAL_MODE,
  [string]$PERENNIAL_RENEWAL,
  [string]$PERENNIAL_ASKED,
  [string]$PERENNIAL_WANT,
  [string]$PERENNIAL_SERVICE,
  [string]$PERENNIAL_SITE_PORT,
  [string]$PERENNIAL_SITE_HOST,
  [int]$PERENNIAL_WAIT
)
$ErrorActionPreference = 'Stop'

# The plan lets nothing else through. Here it is asked once more, for the report takes values as they are.
$given = @($PERENNIAL_MODE, $PERENNIAL_RENEWAL, $PERENNIAL_ASKED, $PERENNIAL_WANT, $PERENNIAL_SERVICE, $PERENNIAL_SITE_PORT, $PERENNIAL_SITE_HOST)
foreach ($value in $given) {
  if ($value -notmatch '\A[0-9A-Za-z_:.@-]*\z') {
    [Console]::Error.WriteLine('Perennial: a value has a character that is not allowed')
    exit 2
  }
}

$epoch = [DateTime]::new(1970, 1, 1, 0, 0, 0, [DateTimeKind]::Utc)
$failed = ''
$detail = ''
$reloaded = $false
$changed = $null
$since = $null

function Get-Sha256($certificate) {
  $sha = [Security.Cryptography.SHA256]::Create()
  try { return ([BitConverter]::ToString($sha.ComputeHash($certificate.RawData)) -replace '-', '').ToLowerInvariant() }
  finally { $sha.Dispose() }
}

function Get-Seconds($time) { return [long][Math]::Floor(($time.ToUniversalTime() - $epoch).TotalSeconds) }

function Get-Held { return @(Get-ChildItem Cert:\LocalMachine\My | Where-Object { $_.HasPrivateKey }) }

function Get-Wanted { return Get-Held | Where-Object { (Get-Sha256 $_) -eq $PERENNIAL_WANT } | Select-Object -First 1 }

# The https binding of that port and host name, at whatever address.
function Get-Binding {
  Import-Module WebAdministration
  $end = ':' + $PERENNIAL_SITE_PORT + ':' + $PERENNIAL_SITE_HOST
  return Get-WebBinding -Protocol https | Where-Object { $_.bindingInformation.EndsWith($end) } | Select-Object -First 1
}

# What the application uses: of a site the certificate that is bound; of a service the newest one of the wanted subject.
function Get-Used($held, $subject) {
  if ($PERENNIAL_SITE_PORT) {
    $binding = Get-Binding
    if (-not $binding) { return $null }
    return $held | Where-Object { $_.Thumbprint -eq $binding.certificateHash } | Select-Object -First 1
  }
  return $held | Where-Object { $_.Subject -eq $subject } | Sort-Object NotBefore -Descending | Select-Object -First 1
}

# When the key came to the machine; what cannot be told counts as just now.
function Get-Arrival($certificate) {
  try {
    $key = [Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($certificate)
    if (-not $key) { $key = [Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::GetECDsaPrivateKey($certificate) }
    $file = Join-Path $env:ProgramData ('Microsoft\Crypto\Keys\' + $key.Key.UniqueName)
    return Get-Seconds (Get-Item -LiteralPath $file).CreationTimeUtc
  } catch { return Get-Seconds ([DateTime]::UtcNow) }
}

function Get-RunningSince {
  $service = Get-CimInstance Win32_Service | Where-Object { $_.Name -eq $PERENNIAL_SERVICE } | Select-Object -First 1
  if (-not $service -or -not $service.ProcessId) { return $null }
  return Get-Seconds (Get-Process -Id $service.ProcessId).StartTime
}

function Wait-Wanted {
  $until = [DateTime]::UtcNow.AddSeconds($PERENNIAL_WAIT)
  $services = @(Get-CimInstance Win32_Service | Where-Object { $_.PathName -like '*KeyVaultForWindows*' })
  foreach ($service in $services) { Restart-Service -Name $service.Name -Force }
  while (-not (Get-Wanted)) {
    if ([DateTime]::UtcNow -ge $until) {
      if ($services.Count -eq 0) { return 'extension-not-restarted' }
      return 'not-replaced'
    }
    Start-Sleep -Seconds 1
  }
  return ''
}

$held = @()
try {
  $held = Get-Held
  if ($PERENNIAL_MODE -ne 'deploy' -and $PERENNIAL_MODE -ne 'roll-back') { $failed = 'mode-unknown' }
  elseif ($PERENNIAL_MODE -eq 'roll-back' -and -not $PERENNIAL_SITE_PORT) { $failed = 'not-a-site' }
  elseif (-not (Get-Wanted)) {
    if ($PERENNIAL_MODE -eq 'roll-back') { $failed = 'not-kept' } else { $failed = Wait-Wanted }
  }
  if (-not $failed -and $PERENNIAL_SITE_PORT) {
    $wanted = Get-Wanted
    $binding = Get-Binding
    if (-not $binding) { $failed = 'no-binding' }
    elseif ($binding.certificateHash -ne $wanted.Thumbprint) {
      $before = Get-Used $held ''
      $binding.AddSslCertificate($wanted.Thumbprint, 'My')
      $reloaded = $true
    } else { $before = $wanted }
  } elseif (-not $failed) {
    $wanted = Get-Wanted
    $before = Get-Used $held $wanted.Subject
    $changed = Get-Arrival $wanted
    $since = Get-RunningSince
    if ($null -eq $since) { $failed = 'service-not-running' }
    elseif ($since -le $changed) {
      Restart-Service -Name $PERENNIAL_SERVICE -Force
      $reloaded = $true
      $since = Get-RunningSince
    }
  }
} catch {
  $failed = 'script-failed'
  $detail = [string]$_.Exception.Message
}

$after = $null
try {
  $subject = ''
  $wanted = Get-Wanted
  if ($wanted) { $subject = $wanted.Subject }
  $after = Get-Used (Get-Held) $subject
} catch {
  $failed = 'script-failed'
  $detail = [string]$_.Exception.Message
}

$report = [ordered]@{
  perennial = 1; renewal = $PERENNIAL_RENEWAL; asked = $PERENNIAL_ASKED; mode = $PERENNIAL_MODE; want = $PERENNIAL_WANT
  before = ''; after = ''; serial = ''; notAfter = ''; chain = @()
  changedAt = $changed; runningSince = $since; reloaded = $reloaded
  error = $failed; detail = $detail.Substring(0, [Math]::Min(200, $detail.Length))
}
if ($before) { $report.before = Get-Sha256 $before }
if ($after) {
  $report.after = Get-Sha256 $after
  $report.serial = $after.SerialNumber.ToLowerInvariant()
  $report.notAfter = $after.NotAfter.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ss.000Z')
  $path = New-Object Security.Cryptography.X509Certificates.X509Chain
  $path.ChainPolicy.RevocationMode = 'NoCheck'
  [void]$path.Build($after)
  $report.chain = @($path.ChainElements | Select-Object -First 10 | ForEach-Object { Get-Sha256 $_.Certificate })
}
Write-Output ($report | ConvertTo-Json -Compress)
if ($failed) { exit 1 }
`;
