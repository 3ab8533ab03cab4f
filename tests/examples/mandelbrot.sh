#!/bin/bash
#  The picture is whole, in order, and the same each time.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$CADRE_BUILD_DIR"/bin/mandelbrot 140 80 >"$scratch/one.ppm" 2>"$scratch/said"
diff "$scratch/said" - <<<"mandelbrot: 80 rows, checksum 23b31205"
diff <(head -c 14 "$scratch/one.ppm") <(printf 'P6\n140 80\n255\n')
[ "$(wc -c <"$scratch/one.ppm")" = $((14 + 140 * 80 * 3)) ]
"$CADRE_BUILD_DIR"/bin/mandelbrot 140 80 2>/dev/null | cmp - "$scratch/one.ppm"

if "$CADRE_BUILD_DIR"/bin/mandelbrot 0 1 >/dev/null 2>"$scratch/said"; then
    echo "a picture without points was painted"
    exit 1
fi
grep -q 'a row of 0 points' "$scratch/said"
