package release

import (
	"fmt"
	"strings"
)

// Notes returns the section of a version in a changelog of https://keepachangelog.com, without its heading. It returns an error if the
// changelog has no such section, or an empty one.
func Notes(changelog, version string) (string, error) {
	for section := range strings.SplitSeq(changelog, "\n## ") {
		heading, body, _ := strings.Cut(section, "\n")
		if !strings.HasPrefix(heading, "["+version+"]") {
			continue
		}
		if body = strings.TrimSpace(body); body != "" {
			return body + "\n", nil
		}
	}
	return "", fmt.Errorf("CHANGELOG.md has no entries below the heading ## [%s]. Move those of Unreleased there, with the date", version)
}
