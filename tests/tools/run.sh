#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Level "tools": shellcheck, the self-tests of the Python scripts, what the scripts
# that fetch and compose do when something is wrong, and machine/fvp (fvp.sh). The
# kernel here is a few files that look like Linux 7.3, the project a copy of scripts/,
# the cache a new one; commands that must fail or die half-way are replaced in PATH.

. "$(dirname "$0")/../../scripts/lib.sh"
. "$top/tests/ktap.sh"
need git:git shellcheck:shellcheck python3:python3 xz:xz-utils dtc:device-tree-compiler \
	make:make
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
unset LINUX APT_NEWER GICV5_MIRROR V
ktap_begin tools

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
export GICV5_CACHE=$work/cache
project=$work/project
tree=$project/build/linux
fake=$work/linux-7.3.4
file=arch/arm64/kvm/new.c

# fails TEXT COMMAND...: the command must fail, and say TEXT.
fails() {
	local text=$1 status=0
	shift
	"$@" >"$work/out" 2>&1 || status=$?
	cat "$work/out"
	[ "$status" != 0 ] || { echo "this should have failed"; return 1; }
	grep -qF -e "$text" "$work/out" || { echo "this should have said: $text"; return 1; }
}

# replace COMMAND <SCRIPT: a directory for PATH in which COMMAND is SCRIPT.
replace() {
	local dir
	dir=$(mktemp -d "$work/path.XXXXXX")
	{ echo "#!/bin/bash"; cat; } >"$dir/$1"
	chmod 755 "$dir" "$dir/$1"
	printf '%s\n' "$dir"
}

# without COMMAND...: a directory for PATH that has all commands but these.
without() {
	local dir
	dir=$(mktemp -d "$work/path.XXXXXX")
	chmod 755 "$dir"
	ln -s /usr/bin/* "$dir"
	ln -sf /bin/* /sbin/* /usr/sbin/* "$dir" 2>/dev/null || true
	(cd "$dir" && rm -f "$@")
	printf '%s\n' "$dir"
}

fresh_cache() { rm -rf "$GICV5_CACHE"; }

# A tree that looks like Linux 7.3.4, with Debian's way to ignore everything.
make_fake() {
	mkdir -p "$fake/arch/arm64/kvm"
	printf '%s = %s\n' VERSION 7 PATCHLEVEL 3 SUBLEVEL 4 >"$fake/Makefile"
	seq 40 >"$fake/arch/arm64/kvm/Makefile"
	seq 10 >"$fake/MAINTAINERS"
	printf '%s\n' '*.o' '# Debian packaging: ignore all' '/*' >"$fake/.gitignore"
	tar -C "$work" -cJf "$work/linux-7.3.4.tar.xz" linux-7.3.4
}

make_project() {
	rm -rf "$project"
	mkdir -p "$project/patches"
	cp -a "$top/scripts" "$project/"
	echo "# the head" >"$project/patches/series"
}

commit() { git -C "$tree" -c user.name='A. Uthor' -c user.email=a@example.org commit -qm "$@"; }

# What make tree and make refresh do in the project; LINUX is the fake.
tree() { LINUX=$fake "$project/scripts/tree.sh"; }
refresh() { "$project/scripts/refresh.sh"; }
trees() { git -C "$tree" log --format='%T %B' base..HEAD; }
whole() { git -C "$tree" diff --quiet series && [ -z "$(git -C "$tree" status --porcelain)" ]; }

# A project with two steps: a patch with a new file, and an edit of both.
begin() {
	make_project
	tree
	cd "$tree"
	sed -i 's/^20$/& new.o/' arch/arm64/kvm/Makefile
	printf 'int a;\n' >"$file"
	git add -f . && commit "One" -m "Text." -m "Signed-off-by: A. Uthor <a@example.org>"
	printf 'int b;\n' >>"$file"
	sed -i 's/^30$/& b/' arch/arm64/kvm/Makefile
	git add -f . && commit "Two" -m "# a line, ünd mehr"
	refresh
	cd "$work"
}

## fetching

not_there() { fails "no such file" env LINUX="$work/nowhere" "$top/scripts/fetch-linux.sh"; }

wrong_dir() {
	mkdir -p "$work/empty"
	fails "not a Linux source tree" env LINUX="$work/empty" "$top/scripts/fetch-linux.sh"
}

wrong_version() {
	cp -r "$fake" "$work/old"
	sed -i 's/^PATCHLEVEL.*/PATCHLEVEL = 2/' "$work/old/Makefile"
	fails "is Linux 7.2.4" env LINUX="$work/old" "$top/scripts/fetch-linux.sh"
	tar -C "$work" -cf "$work/old.tar" old
	fails "is Linux 7.2.4" env LINUX="$work/old.tar" "$top/scripts/fetch-linux.sh"
}

build_output() {
	cp -r "$fake" "$work/built"
	touch "$work/built/.config"
	fails "make mrproper" env LINUX="$work/built" "$top/scripts/fetch-linux.sh"
}

# Half a tarball leaves nothing, and the whole one is taken after it.
half_tarball() {
	fresh_cache
	head -c 200 "$work/linux-7.3.4.tar.xz" >"$work/half.tar.xz"
	fails "cannot be unpacked" env LINUX="$work/half.tar.xz" "$top/scripts/fetch-linux.sh"
	[ -z "$(ls "$GICV5_CACHE/linux")" ]
	LINUX=$work/linux-7.3.4.tar.xz "$top/scripts/fetch-linux.sh"
}

# A tarball, a plain tree and a git checkout with build output are one commit.
same_base() {
	local repo git=$work/checkout
	fresh_cache
	cp -r "$fake" "$git"
	git -C "$git" init -q
	git -C "$git" add -f .
	touch "$git/.config" "$git/a.o"
	for LINUX in "$fake" "$work/linux-7.3.4.tar.xz" "$git"; do
		export LINUX
		repo=$("$top/scripts/fetch-linux.sh")
		git -C "$repo" rev-parse base
	done >"$work/ids"
	cat "$work/ids"
	[ "$(wc -l <"$work/ids")" = 3 ] && [ "$(sort -u "$work/ids" | wc -l)" = 1 ]
}

# A changed tree is a new base, a tarball of another content another repository.
new_base() {
	local one two
	one=$(git -C "$(LINUX=$fake "$top/scripts/fetch-linux.sh")" rev-parse base)
	cp -r "$fake" "$work/changed"
	one=$(git -C "$(LINUX=$work/changed "$top/scripts/fetch-linux.sh")" rev-parse base)
	sed -i 's/^SUBLEVEL.*/SUBLEVEL = 5/' "$work/changed/Makefile"
	rm "$work/changed/MAINTAINERS"
	two=$(git -C "$(LINUX=$work/changed "$top/scripts/fetch-linux.sh")" rev-parse base)
	[ "$one" != "$two" ]
	[ "$(git -C "$GICV5_CACHE"/linux/dir-*.git log --format=%s -1 "$two" 2>/dev/null ||
		for r in "$GICV5_CACHE"/linux/dir-*.git; do
			git -C "$r" log --format=%s -1 "$two" 2>/dev/null; done)" = "Linux 7.3.5" ]
}

no_space() {
	local path
	fresh_cache
	path=$(replace df <<<'printf "h\nf 9 8 1 89%% /\n"')
	fails "has 1 MiB free" env PATH="$path:$PATH" LINUX="$work/linux-7.3.4.tar.xz" \
		"$top/scripts/fetch-linux.sh"
}

no_network() {
	fresh_cache
	fails "no network?" env GICV5_MIRROR=file:///nonexistent "$top/scripts/fetch-linux.sh"
	[ ! -e "$GICV5_CACHE/apt/complete" ]
}

unsigned_mirror() {
	fresh_cache
	mkdir -p "$work/mirror/dists/"{trixie,trixie-backports,experimental}
	for suite in "$work"/mirror/dists/*; do
		printf 'Suite: %s\nComponents: main\nArchitectures: all\nSHA256:\n' \
			"$(basename "$suite")" >"$suite/Release"
	done
	fails "is not signed" env GICV5_MIRROR="file://$work/mirror" "$top/scripts/fetch-linux.sh"
}

no_apt() {
	local path
	fresh_cache
	path=$(without apt-get)
	fails "unsupported distribution" env PATH="$path" "$top/scripts/fetch-linux.sh"
}

no_mirror() {
	local path
	fresh_cache
	path=$(replace apt-get <<<'exit 0')
	fails "no Debian mirror found" env PATH="$path:$PATH" "$top/scripts/fetch-linux.sh"
}

no_tool() {
	local path
	path=$(without xz)
	rm "$path/id"
	printf '#!/bin/sh\necho 1000\n' >"$path/id"
	chmod +x "$path/id"
	fails "run as root: apt-get install xz-utils" \
		env PATH="$path" LINUX="$fake" "$top/scripts/fetch-linux.sh"
}

# An apt that knows one package; $1 is what its download does.
fake_apt() {
	local path
	path=$(replace apt-get <<-END
		case \$1 in
		download) $1 ;;
		esac
	END
	)
	printf '#!/bin/sh\necho "%s"\n' \
		"some | 1.0 | http://mirror/debian trixie/main amd64 Packages" >"$path/apt-cache"
	chmod +x "$path/apt-cache"
	printf '%s\n' "$path"
}

no_package() {
	local path
	fresh_cache
	path=$(fake_apt true)
	printf '#!/bin/sh\n' >"$path/apt-cache"
	fails "no package some in trixie" env PATH="$path:$PATH" GICV5_MIRROR=http://mirror/debian \
		"$top/scripts/apt-private.sh" binary trixie some
}

half_download() {
	local path deb
	fresh_cache
	export GICV5_MIRROR=http://mirror/debian
	# shellcheck disable=SC2016
	path=$(fake_apt 'printf half >some_1.0_all.deb; kill -KILL $PPID')
	fails "cannot download some" env PATH="$path:$PATH" \
		"$top/scripts/apt-private.sh" binary trixie some
	path=$(fake_apt 'printf "the whole" >some_1.0_all.deb')
	deb=$(PATH=$path:$PATH "$top/scripts/apt-private.sh" binary trixie some)
	[ "$(cat "$deb")" = "the whole" ]
	[ -z "$(find "$GICV5_CACHE/dl" -name '.tmp*')" ]
	# From now on the mirror is not asked.
	path=$(fake_apt 'exit 1')
	[ "$(PATH=$path:$PATH "$top/scripts/apt-private.sh" binary trixie some)" = "$deb" ]
}

## composing

two_ways() {
	local before
	begin
	before=$(trees)
	cat "$project/patches/series" "$project"/patches/*.patch
	[ "$(cat "$project/$file")" = $'int a;\nint b;' ]
	[ "$(head -n 1 "$project/patches/series")" = "# the head" ]
	rm -rf "$tree"
	tree
	[ "$(trees)" = "$before" ]
	[ "$(git -C "$tree" show "series^:$file")" = "int a;" ]
	tree 2>&1 | grep "as composed before"
}

# Composed again, elsewhere and at another time, the commits are the same.
same_commits() {
	local id
	begin
	id=$(git -C "$tree" rev-parse series)
	rm -rf "$tree"
	sleep 1
	TZ=Asia/Tokyo GIT_AUTHOR_NAME=x GIT_COMMITTER_NAME=y tree
	[ "$(git -C "$tree" rev-parse series)" = "$id" ]
}

odd_steps() {
	local before
	begin
	cd "$tree"
	printf '#!/bin/sh\n' >tools-new && mkdir -p tools && mv tools-new tools/new.sh
	chmod +x tools/new.sh
	git add -f . && commit "Only a new file"
	git -c user.name=x -c user.email=y commit -q --allow-empty -m "Nothing at all"
	git rm -q MAINTAINERS && chmod +x Makefile && git add -f . && commit "Remove and chmod"
	before=$(trees)
	refresh
	cd "$work"
	rm -rf "$tree"
	tree
	[ "$(trees)" = "$before" ]
	[ -x "$tree/tools/new.sh" ] && [ -x "$project/tools/new.sh" ]
}

keep_edits() {
	begin
	echo more >>"$tree/MAINTAINERS"
	tree 2>&1 | grep "not in patches/: 1 edited files"
	sed -i 's/^Subject: .*Two/&!/' "$project"/patches/0002-*
	fails "1 edited files" tree
	[ "$(tail -n 1 "$tree/MAINTAINERS")" = more ]
	fails "edits that are in no commit" refresh
}

keep_new_files() {
	begin
	touch "$tree/arch/arm64/untracked.c" "$tree/arch/a.o"
	sed -i 's/^Subject: .*Two/&!/' "$project"/patches/0002-*
	fails "1 new files" tree
	[ -e "$tree/arch/arm64/untracked.c" ]
	fails "files that are in no commit" refresh
}

keep_commits() {
	begin
	cd "$tree"
	echo more >>MAINTAINERS && git add -f . && commit "Three"
	sed -i 's/^Subject: .*Two/&!/' "$project"/patches/0002-*
	fails "1 commits" tree
	[ "$(git log -1 --format=%s)" = Three ]
	fails "have changed since" refresh
	git reset -q --hard HEAD^
	tree
	[ "$(git log -1 --format=%s)" = "Two!" ]
}

dropped_commit() {
	begin
	git -C "$tree" reset -q --hard HEAD^
	refresh
	[ ! -e "$project"/patches/0002-Two.patch ]
	[ "$(cat "$project/$file")" = "int a;" ]
	git -C "$tree" reset -q --hard base
	refresh
	[ ! -e "$project/$file" ] && [ ! -d "$project/arch" ]
	[ "$(cat "$project/patches/series")" = "# the head" ]
}

removed_new_file() {
	begin
	cd "$tree"
	git rm -q "$file" && commit "Three"
	fails "which an earlier step adds" refresh
}

bad_series() {
	begin
	cp "$project/patches/series" "$work/series"
	echo "0009-none.patch" >>"$project/patches/series"
	fails "0009-none.patch, which is not in patches/" tree
	cp "$work/series" "$project/patches/series"
	printf '\tarch/none.c\n' >>"$project/patches/series"
	fails "names arch/none.c, which is not there" tree
	printf '%s\n' "$(cat "$work/series")" "0002-Two.patch" >"$project/patches/series"
	fails "more than once: 0002-Two.patch" tree
}

does_not_apply() {
	local id
	begin
	id=$(git -C "$tree" rev-parse series)
	cp -r "$fake" "$work/moved"
	seq 100 140 >"$work/moved/arch/arm64/kvm/Makefile"
	fails "0001-One.patch, does not apply" env LINUX="$work/moved" "$project/scripts/tree.sh"
	[ "$(git -C "$tree" rev-parse series)" = "$id" ] && whole
}

other_base() {
	begin
	cp -r "$fake" "$work/point"
	sed -i 's/^SUBLEVEL.*/SUBLEVEL = 5/' "$work/point/Makefile"
	LINUX=$work/point "$project/scripts/tree.sh"
	[ "$(git -C "$tree" log -1 --format=%s base)" = "Linux 7.3.5" ]
	[ "$(git -C "$tree" rev-list --count base..series)" = 2 ] && whole
	refresh
	tree
	[ "$(git -C "$tree" log -1 --format=%s base)" = "Linux 7.3.4" ] && whole
}

# The check-out dies half-way: the first of a tree, then that of an update.
half_tree() {
	local path id
	begin
	id=$(git -C "$tree" rev-parse series)
	# shellcheck disable=SC2016
	path=$(replace git <<<'case " $* " in
		*" checkout "*) /usr/bin/git "$@"; cd "$2"; rm MAINTAINERS; echo x >arch/new
			touch .git/index.lock; kill -KILL $PPID ;;
		*) exec /usr/bin/git "$@" ;;
		esac')
	rm -rf "$tree"
	fails "cannot check out" env PATH="$path:$PATH" LINUX="$fake" "$project/scripts/tree.sh"
	[ ! -e "$tree" ]
	tree
	[ "$(git -C "$tree" rev-parse series)" = "$id" ] && whole

	sed -i 's/^Subject: .*Two/&!/' "$project"/patches/0002-*
	fails "cannot update" env PATH="$path:$PATH" LINUX="$fake" "$project/scripts/tree.sh"
	fails "half updated" refresh
	tree
	[ "$(git -C "$tree" log -1 --format=%s)" = "Two!" ] && whole
	[ ! -e "$tree/arch/new" ]
}

without_root() {
	fresh_cache
	make_project
	chown -R 65534:65534 "$project"
	mkdir "$work/home"
	chown 65534:65534 "$work/home"
	cd "$work"
	setpriv --reuid 65534 --regid 65534 --clear-groups env -u GICV5_CACHE HOME="$work/home" \
		LINUX="$fake" "$project/scripts/tree.sh"
	[ "$(stat -c %u "$tree/Makefile")" = 65534 ]
}

## the scripts' own library, and the report

stage_stops() {
	cat >"$project/scripts/try.sh" <<-'END'
		. "$(dirname "$0")/lib.sh"
		half() { false; echo "went on"; }
		stage half half
		echo "and on"
	END
	fails FAILED bash "$project/scripts/try.sh"
	! grep "on$" "$work/out" || return 1
}

# What a command of a stage reads is its script's, not the stage's.
stage_hides_nothing() {
	cat >"$project/scripts/try.sh" <<-'END'
		. "$(dirname "$0")/lib.sh"
		name=a log=b start=c status=d
		show() { echo "$name $log $start $status"; }
		stage shown show
	END
	bash "$project/scripts/try.sh"
	[ "$(cat "$project/build/logs/shown.log")" = "a b c d" ]
}

# A level that dies, says nothing, or is not there is no success.
dead_level() {
	make_project
	mkdir -p "$project/tests/"{dies,mute,good}
	printf '#!/bin/sh\necho "ok 1 a" >build/results/dies.ktap; exit 3\n' >"$project/tests/dies/run.sh"
	printf '#!/bin/sh\n' >"$project/tests/mute/run.sh"
	printf '#!/bin/sh\necho "ok 1 a" >build/results/good.ktap\n' >"$project/tests/good/run.sh"
	chmod +x "$project"/tests/*/run.sh
	cd "$project"
	fails "1 passed, 1 failed, 0 skipped" scripts/check.sh dies
	fails "0 passed, 1 failed, 0 skipped" scripts/check.sh mute
	fails "2 passed, 2 failed, 0 skipped" scripts/check.sh good dies mute
	fails "no level none" scripts/check.sh none
	[ "$(scripts/check.sh good 2>/dev/null | tail -n 1)" = "1 passed, 0 failed, 0 skipped" ]
}

# shellcheck source=tests/tools/fvp.sh
. "$top/tests/tools/fvp.sh"

cd "$top"
while read -r script; do
	try "shellcheck: $script" shellcheck -x -P SCRIPTDIR -P "$top" "$script"
done < <(git ls-files --cached --others --exclude-standard -- .ci scripts tests machine |
	while read -r f; do
		[ -f "$f" ] && head -n 1 "$f" | grep -qE '^#!.*/(ba)?sh|shellcheck shell' &&
			echo "$f" || [[ $f != *.sh ]] || echo "$f"
	done | sort -u)
for test in "$top"/tests/tools/test_*.py; do
	try "self-test: $(basename "$test")" python3 "$test"
done

make_fake
try "fetch: LINUX= is not there" not_there
try "fetch: LINUX= is not Linux" wrong_dir
try "fetch: LINUX= is not 7.3" wrong_version
try "fetch: LINUX= has build output" build_output
try "fetch: half a tarball" half_tarball
try "fetch: tarball, tree and checkout are one base" same_base
try "fetch: a changed tree is a new base" new_base
try "fetch: no space" no_space
try "fetch: no network" no_network
try "fetch: a mirror without signatures" unsigned_mirror
try "fetch: no apt" no_apt
try "fetch: no Debian mirror" no_mirror
try "fetch: no such package" no_package
try "fetch: an interrupted download" half_download
try "need: a missing tool, not root" no_tool
fresh_cache
try "tree: both ways" two_ways
try "tree: the same commits again" same_commits
try "tree: new files only, nothing, removal, modes" odd_steps
try "tree: edits are kept" keep_edits
try "tree: new files are kept" keep_new_files
try "tree: commits are kept" keep_commits
try "tree: a series file with mistakes" bad_series
try "tree: a patch does not apply" does_not_apply
try "tree: another base" other_base
try "tree: an interrupted check-out" half_tree
try "refresh: a commit dropped" dropped_commit
try "refresh: a new file removed later" removed_new_file
if [ "$(id -u)" = 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups true; then
	try "tree: without root" without_root
else
	skip "tree: without root" "cannot change to another user here"
fi
try "lib: a stage stops at the first error" stage_stops
try "lib: a stage hides no variable" stage_hides_nothing
try "check: a level that dies or says nothing" dead_level
try "fvp: what is missing" fvp_missing
try "fvp: no dtc" fvp_no_dtc
try "fvp: a model of another version" fvp_other_model
try "fvp: the device tree" fvp_tree
try "fvp: parameters with mistakes" fvp_bad_params
try "fvp: the command line" fvp_command
try "fvp: a boot" fvp_boot
try "fvp: a boot that fails" fvp_bad_boot
try "fvp: boot-wrapper" fvp_wrapper
ktap_end
