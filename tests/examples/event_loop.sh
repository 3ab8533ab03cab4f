#!/bin/bash
#  Every callback comes, on the loop's thread, while the timer goes on.
set -euo pipefail
diff <("$CADRE_BUILD_DIR"/bin/event_loop) - <<'EXPECTED'
20 tasks, 0 failed, sum 2870; the timer ticked meanwhile: yes
EXPECTED
