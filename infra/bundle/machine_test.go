package bundle

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"personalize-role/infra/bundle/bundletest"
)

func TestParseArch(t *testing.T) {
	for _, c := range []struct{ name, endpoint, want string }{
		{"", "", "arm64"}, {"", "http://127.0.0.1:4566", runtime.GOARCH}, {"arm64", "http://127.0.0.1:4566", "arm64"},
		{"aarch64", "", "arm64"}, {"amd64", "", "amd64"}, {"x86_64", "", "amd64"}, {"riscv64", "", ""}, {"ARM64", "", ""},
	} {
		t.Setenv("AWS_ENDPOINT_URL", c.endpoint)
		got, err := ParseArch(c.name)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q with endpoint %q: got %q, %v, want %q", c.name, c.endpoint, got, err, c.want)
		}
	}
}

func TestCheckMachine(t *testing.T) {
	read := func(arch string) []byte {
		zip, err := os.ReadFile(bundletest.Zip(t, arch))
		if err != nil {
			t.Fatal(err)
		}
		return zip
	}
	for _, c := range []struct {
		zip          []byte
		architecture string
		want         string
	}{
		{read("arm64"), "arm64", ""},
		{read("amd64"), "x86_64", ""},
		{read("amd64"), "arm64", "was built for x86_64 (EM_X86_64), and the architecture is arm64"},
		{read("arm64"), "x86_64", "was built for arm64 (EM_AARCH64), and the architecture is x86_64"},
		{[]byte("no zip"), "arm64", "read the function's zip: zip: not a valid zip file"},
	} {
		err := CheckMachine(c.zip, c.architecture)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("for %s: got %v, want %q", c.architecture, err, c.want)
		}
	}
}
