package bundle

import (
	"archive/zip"
	"bytes"
	"debug/buildinfo"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The same source gives the same bytes, also below another folder and with another cache's state.
func TestBuildIsDeterministic(t *testing.T) {
	var builds [2][]byte
	for n := range builds {
		file := filepath.Join(t.TempDir(), Bootstrap)
		if err := Build(t.Context(), "../..", runtime.GOARCH, file); err != nil {
			t.Fatal(err)
		}
		binary, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if builds[n], err = Zip(binary); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(builds[0], builds[1]) {
		t.Error("two builds differ")
	}
	archive, err := zip.NewReader(bytes.NewReader(builds[0]), int64(len(builds[0])))
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.File) != 1 || archive.File[0].Name != "bootstrap" || archive.File[0].Mode() != 0o755 {
		t.Errorf("got %v, mode %v; want bootstrap alone, executable", archive.File[0].Name, archive.File[0].Mode())
	}
}

func TestTemplatePointsToTheZip(t *testing.T) {
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := InBucket(text, "b", "k", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n      Code: {S3Bucket: b, S3Key: k}\n", "\n    Default: x86_64\n"} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %q", want)
		}
	}
	if _, err := Point([]byte("Resources: {}"), "arm64"); err == nil {
		t.Error("a template without the line was accepted")
	}
}

// The function is built with the Go that go.mod names, whichever is installed.
func TestToolchain(t *testing.T) {
	want, err := Toolchain("../..")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), Bootstrap)
	if err := Build(t.Context(), "../..", "arm64", file); err != nil {
		t.Fatal(err)
	}
	built, err := buildinfo.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if built.GoVersion != want {
		t.Errorf("built with %s, want %s", built.GoVersion, want)
	}
	if _, err := Toolchain(t.TempDir()); err == nil {
		t.Error("a folder without go.mod has a toolchain")
	}
}
