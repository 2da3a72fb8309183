// Package bundletest makes zips for tests that deploy nothing.
package bundletest

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// Zip writes a zip whose bootstrap is the header of a program for a Go architecture, and returns the name of the file.
func Zip(t testing.TB, arch string) string {
	t.Helper()
	header := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(elf.EM_AARCH64), Version: uint32(elf.EV_CURRENT), Ehsize: 64, Shentsize: 64, Phentsize: 56,
	}
	if arch == "amd64" {
		header.Machine = uint16(elf.EM_X86_64)
	}
	var body bytes.Buffer
	z := zip.NewWriter(&body)
	w, err := z.Create("bootstrap")
	if err == nil {
		err = binary.Write(w, binary.LittleEndian, header)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "function.zip")
	if err := os.WriteFile(name, body.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}
