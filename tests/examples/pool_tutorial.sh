#!/bin/bash
#  The tutorial prints what its Python twin prints.
set -euo pipefail
diff <("$CADRE_BUILD_DIR"/bin/pool_tutorial) - <<'EXPECTED'
one task: 49
map over 10: 1 4 9 16 25 36 49 64 81 100
batches of 5 over 20: 15 40 65 90
pairs: 1024 81 1000
an error: zero-division: 1 cannot be divided by zero
a timeout: not yet, so cancel it
and then: cancelled
a map: timed out: ended ended ended unfinished
EXPECTED
