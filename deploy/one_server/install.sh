#!/usr/bin/env bash
# Installs the hub, its proxy and the course, or brings them up to date: install.sh [FOLDER]
# The folder must be readable by every student; PYTHON names a Python that is, too.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-/srv/tl_course}
mkdir -p "$folder/node"
[ -x "$folder/venv/bin/python" ] || "${PYTHON:-/usr/bin/python3}" -m venv "$folder/venv"
pip=("$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet)
"${pip[@]}" --requirement "$here/requirements.txt"
"${pip[@]}" --no-deps --no-build-isolation --force-reinstall "$here/../.."
cp "$here/package.json" "$here/package-lock.json" "$folder/node/"
npm ci --prefix "$folder/node" --omit=dev --ignore-scripts --no-fund --no-audit --loglevel=error
