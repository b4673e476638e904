# SPDX-License-Identifier: GPL-2.0-or-later
#
# The verbs. Each one calls one script; what a script does stands at its head.
# Output goes to build/, full logs to build/logs/. What may be kept between
# checkouts (packages, compiler cache, built trees) is in the user's cache folder.
#
#   LINUX=<dir or tarball>   use this 7.3.y instead of the distribution's source
#   QEMU=<binary>            use this QEMU instead of the one `make qemu` builds

export LINUX QEMU

.DEFAULT_GOAL := help
.PHONY: help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

verbs := run check check-long tree refresh series kernel selftests qemu model vmm \
	 check-tools check-series check-model check-kunit check-selftests \
	 check-guest check-machine boot bench clean
.PHONY: $(verbs)

run: ## fetch, build and boot the patched host at EL2, a guest on it, test, report
	@scripts/run.sh
check: ## all tests, in rising order of cost
	@scripts/check.sh
check-long: ## the same with the long budgets and the debug kernel
	@scripts/check.sh --long
tree: ## build/linux: Linux 7.3.y and one commit per step of the series
	@scripts/tree.sh
refresh: ## the way back: commits of build/linux into patches/ and the new files
	@scripts/refresh.sh
series: ## build/series: what git send-email sends, checked one by one
	@scripts/series.sh
kernel: ## build/kernel: the patched host kernel (CONFIG=debug for the other one)
	@scripts/kernel.sh $(CONFIG)
selftests: ## build/selftests: the KVM selftests, static, for arm64
	@scripts/selftests.sh
qemu: ## build/qemu: QEMU with the GICv5 machine
	@scripts/qemu.sh
model: ## build/model: the GICv5 model as a library
	@$(MAKE) --no-print-directory -C machine/model
vmm: ## build/vmm: the VMM for Linux guests
	@scripts/vmm.sh
check-tools: ## test the scripts themselves
	@scripts/check.sh tools
check-series: ## every step applies and is clean, the last one builds; the round trip
	@scripts/check.sh series
check-model: ## the rules of the architecture, on the build host
	@scripts/check.sh model
check-kunit: ## KUnit on the emulated host
	@scripts/check.sh kunit
check-selftests: ## the KVM selftests on the emulated host
	@scripts/check.sh selftests
check-guest: ## Linux guests on the emulated host
	@scripts/check.sh guest
check-machine: ## unmodified Linux on the GICv5 machine
	@scripts/check.sh machine
boot: ## an interactive shell on the patched host, with the VMM and a guest
	@scripts/boot.sh --shell
bench: ## the benchmarks, as a table and as CSV
	@scripts/bench.sh
clean: ## remove build/ (the cache folder stays)
	@rm -rf build
