#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Mutation check of the model: are single-line defects found by its tests? All of
# machine/model/tests/mutants.txt with LONG=1, else three of them. Prints KTAP.

. "$(dirname "$0")/../../../scripts/lib.sh"

need gcc:gcc python3:python3 /usr/include/cmocka.h:libcmocka-dev
only=(--only 3)
[ "${LONG:-0}" = 1 ] && only=()
"$top/machine/model/tests/mutate.py" "$build/model/mutation" "${only[@]}" \
	2> >(tee "$logs/model-mutation.log" >&2)
