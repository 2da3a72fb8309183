package release

import "testing"

func TestNotes(t *testing.T) {
	const changelog = "# Changelog\n\nText.\n\n## [Unreleased]\n\n## [1.10.0] - 2026-12-01\n\n### Added\n\n- This.\n\n## [1.1.0] - " +
		"2026-11-01\n\n- That.\n"
	for version, want := range map[string]string{"1.10.0": "### Added\n\n- This.\n", "1.1.0": "- That.\n"} {
		if got, err := Notes(changelog, version); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", version, got, err, want)
		}
	}
	for _, version := range []string{"1.1", "2.0.0", "Unreleased"} {
		if got, err := Notes(changelog, version); err == nil {
			t.Errorf("%s: got %q", version, got)
		}
	}
}
