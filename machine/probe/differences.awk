# SPDX-License-Identifier: GPL-2.0-or-later
#
# awk -f differences.awk EXPECTED DIFFERENCES ANSWERS: the answers that are neither
# the expected ones nor known differences. Silent if there are none.

FILENAME == ARGV[1] { want[$1] = $2; order[++n] = $1; next }
FILENAME == ARGV[2] { if (!/^#/) known[$1] = $2; next }
{
	if (!($1 in want))
		print "unexpected: " $0
	got[$1] = $2
}
END {
	for (i = 1; i <= n; i++) {
		name = order[i]
		answer = name in got ? got[name] : "-"
		if (answer != want[name] && !(name in known && known[name] == answer))
			print name ": " answer ", not " want[name]
	}
}
