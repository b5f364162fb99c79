/**
 * What runs on a Linux machine, as root, by managed run command: its bytes never change with the target. Values come as
 * environment variables (the agent sets named parameters so), are quoted wherever they are used, and never evaluated.
 *
 * Baseline, refresh (the Key Vault extension's service is restarted: it reads the vault when it starts), wait until the
 * wanted leaf is where the application reads it, reload, report: one line of JSON of at most 2 KB. A repeat finds what is
 * done and does it no second time.
 */
export const linuxScript = String.raw`#!/bin/bash
# Perennial: takes a certificate into use, and reports what is there.
export LC_ALL=C
mode=$PERENNIAL_MODE
renewal=$PERENNIAL_RENEWAL
asked=$PERENNIAL_ASKED
want=$PERENNIAL_WANT
path=$PERENNIAL_PATH
service=$PERENNIAL_SERVICE
apply=$PERENNIAL_APPLY
wait=$PERENNIAL_WAIT
error=
reloaded=false

# The plan lets nothing else through. Here it is asked once more, for arithmetic and the report take values as they are.
refuse() {
  echo "Perennial: $1 has a character that is not allowed" >&2
  exit 2
}
case $mode in deploy | roll-back) ;; *) refuse MODE ;; esac
case $apply in reload | restart | '') ;; *) refuse APPLY ;; esac
case $wait in '' | *[!0-9]* | ?????*) refuse WAIT ;; esac
case $asked in '' | *[!0-9]*) refuse ASKED ;; esac
case $want in '' | *[!0-9a-f]*) refuse WANT ;; esac
case $renewal in '' | *[!0-9A-Za-z_-]*) refuse RENEWAL ;; esac
case $service in -* | *[!0-9A-Za-z_:.@-]*) refuse SERVICE ;; esac
case $path in /*) ;; *) refuse PATH ;; esac
case $path in *[!0-9A-Za-z_.@+/-]*) refuse PATH ;; esac

# SHA-256 of the first certificate of a PEM file, in lower-case hex; nothing where there is none.
leaf_of() {
  openssl x509 -in "$1" -noout -fingerprint -sha256 2>/dev/null | sed -e 's/^.*=//' -e 's/://g' | tr 'A-F' 'a-f'
}

# SHA-256 of every certificate of the file, at most ten, as members of a JSON list. Keys are passed over.
chain_of() {
  local pem= found=0 sum
  while IFS= read -r line && [ "$found" -lt 10 ]; do
    case $line in
      '-----BEGIN CERTIFICATE-----') pem=$line ;;
      '-----END CERTIFICATE-----')
        sum=$(printf '%s\n%s\n' "$pem" "$line" | leaf_of /dev/stdin)
        [ "$found" -gt 0 ] && printf ','
        printf '"%s"' "$sum"
        found=$((found + 1))
        pem=
        ;;
      *) [ -n "$pem" ] && pem=$(printf '%s\n%s' "$pem" "$line") ;;
    esac
  done < "$1"
}

# When the file came to the path, in seconds since 1970: the later one of file and link.
changed_at() {
  { stat -c %Y -- "$path"; stat -L -c %Y -- "$path"; } 2>/dev/null | sort -n | tail -n 1
}

# When the youngest process of the service's own program began, in ticks since the machine did: a reload that starts workers
# anew counts, a program that the service calls does not.
youngest() {
  local main pid program ticks last=
  main=$(systemctl show --property=MainPID --value -- "$service" 2>/dev/null)
  case $main in '' | 0 | *[!0-9]*) return ;; esac
  program=$(cat "/proc/$main/comm" 2>/dev/null) || return
  for pid in $main $(cat /proc/"$main"/task/*/children 2>/dev/null); do
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$program" ] || continue
    # Behind the name, which may hold anything, the start is the twentieth field.
    ticks=$(sed -e 's/^.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d ' ' -f 20)
    case $ticks in '' | *[!0-9]*) continue ;; esac
    if [ -z "$last" ] || [ "$ticks" -gt "$last" ]; then last=$ticks; fi
  done
  printf '%s' "$last"
}

# The same in seconds since 1970, of which one may be lost: so exact are the kernel's times.
seconds_of() {
  [ -z "$1" ] || echo $(($(sed -n 's/^btime //p' /proc/stat) + $1 / $(getconf CLK_TCK)))
}

refresh() {
  [ "$(leaf_of "$path")" = "$want" ] && return
  local restarted=true until=$((SECONDS + wait))
  systemctl restart -- akvvm_service >/dev/null 2>&1 || restarted=false
  while [ "$(leaf_of "$path")" != "$want" ]; do
    if [ "$SECONDS" -ge "$until" ]; then
      error=not-replaced
      [ "$restarted" = true ] || error=extension-not-restarted
      return
    fi
    sleep 1
  done
}

# The extension keeps the file of every version that it has fetched: the link goes back to the one that is wanted.
go_back() {
  [ "$(leaf_of "$path")" = "$want" ] && return
  if [ ! -L "$path" ]; then error=not-a-link; return; fi
  local file kept=
  for file in "$(dirname -- "$(readlink -f -- "$path")")"/*; do
    [ -f "$file" ] && [ ! -L "$file" ] && [ "$(leaf_of "$file")" = "$want" ] && kept=$file
  done
  if [ -z "$kept" ]; then error=not-kept; return; fi
  # A link is replaced in one step, so that no reader finds a gap.
  ln -sfn -- "$kept" "$path.perennial" && mv -T -- "$path.perennial" "$path" || error=not-linked
}

take_up() {
  local changed began since until
  changed=$(changed_at)
  began=$(youngest)
  since=$(seconds_of "$began")
  if [ -z "$since" ]; then error=service-not-running; return; fi
  [ "$since" -gt $((changed + 2)) ] && return
  if ! systemctl "$apply" -- "$service" >/dev/null 2>&1; then error=reload-failed; return; fi
  reloaded=true
  until=$((SECONDS + 15))
  while since=$(youngest); [ -z "$since" ] || [ "$since" -le "$began" ]; do
    if [ "$SECONDS" -ge "$until" ]; then error=not-reloaded; return; fi
    sleep 1
  done
}

before=$(leaf_of "$path")
case $mode in
  deploy) refresh ;;
  roll-back) go_back ;;
esac
since=
if [ -z "$error" ] && [ -n "$service" ]; then take_up; fi
[ -n "$service" ] && since=$(seconds_of "$(youngest)")
after=$(leaf_of "$path")
serial=
ends=
chain=
if [ -n "$after" ]; then
  serial=$(openssl x509 -in "$path" -noout -serial | sed -e 's/^.*=//' | tr 'A-F' 'a-f')
  ends=$(openssl x509 -in "$path" -noout -enddate | sed -e 's/^.*=//')
  ends=$(date -u -d "$ends" +%Y-%m-%dT%H:%M:%S.000Z)
  chain=$(chain_of "$path")
fi
printf '{"perennial":1,"renewal":"%s","asked":"%s","mode":"%s","want":"%s","before":"%s","after":"%s","serial":"%s",' \
  "$renewal" "$asked" "$mode" "$want" "$before" "$after" "$serial"
printf '"notAfter":"%s","chain":[%s],"changedAt":%s,"runningSince":%s,"reloaded":%s,"error":"%s"}\n' \
  "$ends" "$chain" "$(changed_at | grep . || echo null)" "$(printf '%s' "$since" | grep . || echo null)" "$reloaded" "$error"
[ -z "$error" ]
`;
