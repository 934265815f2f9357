# shellcheck shell=bash
# Source me: where the Windows Python and its Wine prefix are, and an environment that suits them.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export CANOPEE_WINE=$root/.cache/wine
export WINEPREFIX=${WINEPREFIX:-$CANOPEE_WINE/prefix} WINEARCH=win64 WINEDEBUG=-all
export WINEDLLOVERRIDES="mscoree=;mshtml=;winemenubuilder.exe=" LANG=C.UTF-8 LC_ALL=C.UTF-8
wine64=/usr/lib/wine/wine64
export WINE64=${WINE64:-$wine64}
unset DISPLAY WAYLAND_DISPLAY
# Unix paths in these variables break a Windows process.
unset SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE PIP_CERT PYTHONHOME PYTHONPATH

windows_path() { printf 'Z:%s' "${1//\//\\}"; }
