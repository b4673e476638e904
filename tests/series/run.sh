#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Level "series": every mail of make series applies and is clean under checkpatch;
# the mails give the tree of make tree; the last step builds without a finding of
# W=1 or sparse that the base does not have, in the directories that the series
# changes; and the way from patches to commits and back is the identity.
#
# What the compiler said is kept in the cache folder under the tree it said it of.
# A step in between is judged by what is kept, if there is something; STEPS=all
# builds the others too, each on top of the one before. STEPS=boot boots those that
# change the kernel and let user space place the guest's IRS, and KVM has to run a
# GICv5 guest in each; STEPS=all,boot does both. So does LONG=1, which does not use
# what is kept.

. "$(dirname "$0")/../../scripts/lib.sh"
. "$top/tests/ktap.sh"
. "$top/scripts/tree-lib.sh"
. "$top/scripts/kernel-lib.sh"

need sparse:sparse
kernel_env
"$top/scripts/tree.sh"
ktap_begin series

work=$build/check-series	# everything of this level
copy=$work/copy			# a copy of the project, for its own build/linux
obj=$work/obj
kept=$cache/series
base=$(git -C "$linux" rev-parse base)
mkdir -p "$work" "$kept"

# composed REPO: trees and messages of the steps, to compare.
composed() { git -C "$1" log --reverse --date=raw --format='%T %an <%ae> %ad%n%B' base..HEAD; }

make_series() {
	local mails
	"$top/scripts/series.sh"
	mails=$(find "$build/series" -name '*.patch' ! -name '*-cover-letter.patch' | wc -l)
	[ "$mails" = "$(git -C "$linux" rev-list --count base..series)" ]
}

# The mails on the pristine base. Nothing is checked out: git am looks at the
# index, and git apply takes out of it what it needs.
begin_mails() {
	rm -rf "$work/mails"
	git init -q "$work/mails"
	link_objects "$linux" "$work/mails"
	cd "$work/mails"
	git config user.name series
	git config user.email series
	git branch -f base "$base"
	git reset -q --soft base
	git read-tree HEAD
}

apply_mail() { git -C "$work/mails" am -q --empty=drop "$1"; }

mails_give_tree() {
	local mails tree
	mails=$(git -C "$work/mails" rev-parse 'HEAD^{tree}')
	tree=$(git -C "$linux" rev-parse 'series^{tree}')
	echo "mails: $mails, make tree: $tree"
	[ "$mails" = "$tree" ]
	git -C "$linux" diff --quiet series	# and so are the files on disk
	[ "$(composed "$work/mails")" = "$(composed "$linux")" ]
}

# The copy: what make tree and make refresh need, with the cache in common.
make_copy() {
	local item
	mkdir -p "$copy"
	for item in scripts patches arch drivers include tools Documentation machine; do
		rm -rf "${copy:?}/$item"
		[ ! -e "$top/$item" ] || cp -a "$top/$item" "$copy/"
	done
	if [ -d "$copy/build/linux" ]; then
		rm -rf "$copy/build/linux/.git/composed" "$copy"/build/linux/.git/rebase-*
		git -C "$copy/build/linux" checkout -q -f -B series refs/composed
		git -C "$copy/build/linux" clean -q -f -d -x
	fi
	"$copy/scripts/tree.sh"
	[ "$(composed "$copy/build/linux")" = "$(composed "$linux")" ]
}

same_patches() {
	diff -r "$top/patches" "$copy/patches"
	[ "$(series_key "$top")" = "$(series_key "$copy")" ]
}

# Forget all steps in the copy, and take them back from the commits.
refresh_from_commits() {
	grep '^#' "$top/patches/series" >"$copy/patches/series"
	rm -f "$copy"/patches/*.patch
	"$copy/scripts/refresh.sh" --force
	same_patches
}

# A commit on top that edits a file of Linux and one of the series, and adds one.
refresh_new_commit() {
	local tree file ours
	cd "$copy/build/linux"
	file=arch/arm64/kvm/vgic/vgic-scratch.c
	ours=$(git diff --name-only --diff-filter=A base series | head -n 1)
	printf '%s\n' "// SPDX-License-Identifier: GPL-2.0-only" "int vgic_scratch;" >"$file"
	echo "# scratch" >>arch/arm64/kvm/Makefile
	[ -z "$ours" ] || echo >>"$ours"
	git add --force "$file"
	git -c user.name=series -c user.email=series@localhost commit -qam "Scratch

A line of text.

Signed-off-by: series <series@localhost>"
	tree=$(git rev-parse 'HEAD^{tree}')
	git -C "$copy/build/linux" diff --quiet refs/composed && return 1
	"$copy/scripts/refresh.sh"
	[ -e "$copy/$file" ]
	grep -q "^+# scratch" "$copy"/patches/*-Scratch.patch
	# Compose what refresh wrote in a place that knows nothing of the commit.
	rm -rf "$work/again"
	"$copy/scripts/compose.sh" "$copy" "$linux" "$base" "$work/again"
	[ "$(git -C "$work/again" rev-parse 'HEAD^{tree}')" = "$tree" ]
}

# And away again: a commit dropped in build/linux takes its patch and files along.
refresh_dropped_commit() {
	git -C "$copy/build/linux" reset -q --hard HEAD^
	"$copy/scripts/refresh.sh"
	[ ! -e "$copy/arch/arm64/kvm/vgic/vgic-scratch.c" ]
	same_patches
}

# build_commit COMMIT FILE: build the directories; the findings, without what
# moves when a line is added, go to FILE.
build_commit() {
	local src=$copy/build/linux log=$work/build.log status=0
	git -C "$src" checkout -q -f --detach "$1"
	"$top/scripts/kernel-config.sh" "$src" "$obj" host
	make -s -C "$src" O="$obj" -j "$jobs" CC="ccache ${CROSS_COMPILE}gcc" W=1 C=1 \
		CHECK="$sparse" arch/arm64/kvm/ drivers/irqchip/ kernel/irq/ >"$log" 2>&1 ||
		status=$?
	cat "$log"
	[ "$status" = 0 ]
	! grep "sparse is not available" "$log" || return 1
	grep -iE '(warning|error):' "$log" |
		sed -E 's/:[0-9]+(:[0-9]+)?:/:/g; s/^(\.\.\/)+//; s/'"${src//\//\\/}"'\///g; s/:[0-9]+ /: /' |
		sort -u >"$2.tmp$$" || true
	mv "$2.tmp$$" "$2"
}

# Linux turns a sparse away that does not know __typeof_unqual__, such as 0.6.4,
# and goes on without. With __typeof__ in its place sparse sees a qualifier more
# here and there; it does so in the base too.
sparse="sparse -D__typeof_unqual__=__typeof__"

# findings COMMIT: the file with what was found in it.
tools=$(key "$compiler" "$sparse" "$(sparse --version)" "$(declare -f build_commit)" \
	"$(cat "$top"/machine/host/*.config "$top/scripts/kernel-config.sh")")
findings() { printf '%s/%s-%s' "$kept" "$(git -C "$linux" rev-parse "$1^{tree}")" "$tools"; }

builds() {
	local file
	file=$(findings "$1")
	if [ ! -e "$file" ] || [ -n "${LONG:-}" ]; then
		build_commit "$1" "$file"
	fi
	touch "$file"
	wc -l <"$file"
}

clean() {
	local new
	new=$(comm -13 "$(findings base)" "$(findings "$1")")
	[ -z "$new" ] || { printf 'new findings:\n%s\n' "$new"; return 1; }
}

# The checkers are checked: one defect for W=1 and one for sparse are found.
canary() {
	local tree=$copy/build/linux commit
	git -C "$tree" checkout -q -f --detach "$(git -C "$linux" rev-parse series)"
	cat >>"$tree/drivers/irqchip/irq-gic-v5.c" <<-END

		int gicv5_canary_sparse;
		static const int gicv5_canary_w1 = 1;
	END
	commit=$(git -C "$tree" -c user.name=series -c user.email=series@localhost \
		commit -qam Canary && git -C "$tree" rev-parse HEAD)
	git -C "$linux" fetch -q "$tree" "$commit"
	builds "$commit"
	clean "$commit" && return 1
	cat "$(findings "$commit")"
	grep -q gicv5_canary_sparse "$(findings "$commit")"
	grep -q gicv5_canary_w1 "$(findings "$commit")"
}

try "make series" make_series
try "mails: a pristine base" begin_mails
for mail in "$build"/series/*.patch; do
	name=$(basename "$mail" .patch)
	case $name in *-cover-letter) continue ;; esac
	try "checkpatch: $name" "$top/scripts/check-mail.sh" "$linux" "$mail"
	try "applies: $name" apply_mail "$mail"
done
try "mails: the tree of make tree" mails_give_tree
try "round trip: a second checkout gives the same commits" make_copy
try "round trip: refresh of an unchanged tree" refresh_from_commits
try "round trip: a commit that edits and adds" refresh_new_commit
try "round trip: a commit dropped" refresh_dropped_commit

rm -rf "$obj"
try "builds: base" builds base
last=$(git -C "$linux" rev-parse series)

# wants all|boot: whether that is asked for.
wants() { [[ -n ${LONG:-} || ,${STEPS:-}, == *,$1,* ]]; }

for commit in $(git -C "$linux" rev-list --reverse base..series); do
	name=$(git -C "$linux" log -1 --format=%f "$commit")
	if ! wants all && [ "$commit" != "$last" ] && [ ! -e "$(findings "$commit")" ]; then
		skip "builds: $name" "STEPS=all and make check-long build every step"
		continue
	fi
	try "builds: $name" builds "$commit"
	try "no new finding of W=1 and sparse: $name" clean "$commit"
done
try "W=1 and sparse find what is planted" canary

# changes_kernel COMMIT: and has the interface that vgic_v5 of the last step uses.
changes_kernel() {
	! git -C "$linux" diff --quiet "$1^" "$1" -- arch drivers include kernel &&
		git -C "$linux" grep -q KVM_VGIC_V5_ADDR_TYPE_IRS "$1" -- arch/arm64/include/uapi
}

boots() {
	local kernel name=series-${1:0:12}
	git -C "$copy/build/linux" checkout -q -f --detach "$1"
	kernel=$(LINUX_SRC=$copy/build/linux "$copy/scripts/kernel.sh" host)
	"$top/scripts/boot.sh" --name "$name" --kernel "$kernel/Image" --append \
		"gicv5.run=gicv5:vgic_v5" -- -accel "tcg,thread=single"
	grep "^ok .*vgic_v5" "$results/boot/$name.ktap"
}

for commit in $(git -C "$linux" rev-list --reverse base..series); do
	wants boot || continue
	changes_kernel "$commit" || continue
	try "boots, vgic_v5: $(git -C "$linux" log -1 --format=%f "$commit")" boots "$commit"
done
rm -rf "$obj"
find "$kept" -type f -mtime +30 -delete
ktap_end
