// Package evidence says where figures come from, and writes tables in a second language.
package evidence

import (
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Commit names the commit whose code is measured, with "+ changes" if the code is not that of the commit. It is empty
// outside a git repository. Changes below docs do not count: what was measured is being written there.
func Commit() string {
	commit, err := git("rev-parse", "--short", "HEAD")
	if err != nil {
		return ""
	}
	changes, err := git("status", "--porcelain", "--", ":(top)", ":(top,exclude)docs")
	if err != nil || changes != "" {
		return commit + " + changes"
	}
	return commit
}

func git(args ...string) (string, error) {
	out, err := exec.Command("git", args...).Output() //nolint:gosec,noctx // arguments from above; it reads local files
	return strings.TrimSpace(string(out)), err
}

// Measured says when, of which code, how and on which machine figures were measured, in English and in Chinese.
func Measured(command string) (english, chinese string) {
	date := time.Now().UTC().Format(time.DateOnly)
	english, chinese = "Measured on "+date, "测于 "+date
	if commit := Commit(); commit != "" {
		english += " at commit " + commit
		chinese += "，提交 " + commit
	}
	figures := []any{runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), command}
	return english + fmt.Sprintf(" (%s/%s, %d cores, %s), by `%s`.", figures...),
		chinese + fmt.Sprintf("（%s/%s，%d 核，%s），命令 `%s`。", figures...)
}
