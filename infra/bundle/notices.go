package bundle

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"personalize-role/lambda/properties"
)

// Names of the files beside the binary.
const (
	LicenceName = "LICENSE"
	NoticesName = "THIRD_PARTY_NOTICES.txt"
	SBOMName    = "sbom.cdx.json"
)

// module is a module that is linked into the function, or Go itself.
type module struct {
	path, version, sum string
	// licence is the SPDX identifier, and texts are the files with licences and notices.
	licence string
	texts   []string
}

// papers returns what goes beside a binary: the licence, those of the modules that are linked into it with their notices, and a list of
// these modules. The same binary produces the same bytes.
func papers(ctx context.Context, dir, binary string) ([]file, error) {
	built, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	licence, err := os.ReadFile(filepath.Join(dir, LicenceName))
	if err != nil {
		return nil, err
	}
	modules, err := linked(ctx, dir, built)
	if err != nil {
		return nil, err
	}
	sbom, err := sbomOf(built.GoVersion, modules)
	return []file{{LicenceName, licence}, {NoticesName, noticesOf(modules)}, {SBOMName, sbom}}, err
}

// linked returns Go and the modules that are linked into a binary, with the texts of their licences.
func linked(ctx context.Context, dir string, built *buildinfo.BuildInfo) ([]module, error) {
	where := exec.CommandContext(ctx, "go", "env", "GOROOT")
	where.Dir, where.Env = dir, append(os.Environ(), "GOTOOLCHAIN="+built.GoVersion)
	root, err := output(where)
	if err != nil {
		return nil, fmt.Errorf("find the folder of %s: %w", built.GoVersion, err)
	}
	folders := []string{strings.TrimSpace(string(root))}
	modules := []module{{path: "std", version: strings.TrimPrefix(built.GoVersion, "go")}}
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}")
	for _, d := range built.Deps {
		modules = append(modules, module{path: d.Path, version: d.Version, sum: d.Sum})
		list.Args = append(list.Args, d.Path)
	}
	list.Dir, list.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly")
	out, err := output(list)
	if err != nil {
		return nil, fmt.Errorf("find the folders of the linked modules: %w", err)
	}
	folders = append(folders, strings.Fields(string(out))...)
	if len(folders) != len(modules) {
		return nil, fmt.Errorf("%d of %d linked modules have a folder. Run go mod download", len(folders)-1, len(modules)-1)
	}
	for n := range modules {
		if err := modules[n].read(folders[n]); err != nil {
			return nil, fmt.Errorf("read the licence of %s: %w", modules[n].path, err)
		}
	}
	return modules, nil
}

// output returns what a command prints. The error has what it says about a failure.
func output(command *exec.Cmd) ([]byte, error) {
	out, err := command.Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		err = fmt.Errorf("%w\n%s", err, failed.Stderr)
	}
	return out, err
}

// paper matches the names of files with licences and notices.
var paper = regexp.MustCompile(`(?i)^(licen[cs]e|notice|patents)(\.(txt|md))?$`)

// licences recognises licences by words that no other one has.
var licences = map[string]*regexp.Regexp{
	"Apache-2.0":   regexp.MustCompile(`Apache License\s+Version 2\.0`),
	"BSD-3-Clause": regexp.MustCompile(`Redistribution and use in source and binary forms(?s:.*)Neither the name`),
	"MIT":          regexp.MustCompile(`Permission is hereby granted, free of charge`),
	"MPL-2.0":      regexp.MustCompile(`Mozilla Public License,? [Vv]ersion 2\.0`),
}

var errNoLicence = errors.New("no licence that may be passed on was recognised. Look at it, and add it to infra/bundle/notices.go")

func (m *module) read(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !paper.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return err
		}
		m.texts = append(m.texts, string(text))
		for _, name := range slices.Sorted(maps.Keys(licences)) {
			if m.licence == "" && licences[name].Match(text) {
				m.licence = name
			}
		}
	}
	if m.licence == "" {
		return errNoLicence
	}
	return nil
}

// noticesOf has each text once, below the modules that it is of.
func noticesOf(modules []module) []byte {
	var texts []string
	of := map[string][]string{}
	for _, m := range modules {
		for _, text := range m.texts {
			if of[text] == nil {
				texts = append(texts, text)
			}
			of[text] = append(of[text], fmt.Sprintf("%s %s (%s)", m.path, m.version, m.licence))
		}
	}
	var b bytes.Buffer
	b.WriteString("The function contains Go's standard library and these modules. Their source code is at https:// followed by the " +
		"module's path.\n")
	for _, text := range texts {
		fmt.Fprintf(&b, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(of[text], "\n"), strings.TrimSpace(text))
	}
	return b.Bytes()
}

// sbomOf returns a CycloneDX document. It has no time and no serial number, so that the same modules produce the same bytes.
func sbomOf(goVersion string, modules []module) ([]byte, error) {
	document := cdx.NewBOM()
	document.Metadata = &cdx.Metadata{
		Component: &cdx.Component{
			Type: cdx.ComponentTypeApplication, Name: "personalize-role", Version: properties.Version,
			Licenses: &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}},
		},
		Properties: &[]cdx.Property{{Name: "toolchain", Value: goVersion}},
	}
	var components []cdx.Component
	for _, m := range modules {
		purl := "pkg:golang/" + m.path + "@" + m.version
		c := cdx.Component{
			BOMRef: purl, Type: cdx.ComponentTypeLibrary, Name: m.path, Version: m.version, PackageURL: purl,
			Licenses: &cdx.Licenses{{License: &cdx.License{ID: m.licence}}},
		}
		if m.sum != "" {
			c.Properties = &[]cdx.Property{{Name: "go.sum", Value: m.sum}}
		}
		components = append(components, c)
	}
	document.Components = &components
	var b bytes.Buffer
	encoder := cdx.NewBOMEncoder(&b, cdx.BOMFileFormatJSON)
	encoder.SetPretty(true)
	err := encoder.EncodeVersion(document, cdx.SpecVersion1_6)
	return b.Bytes(), err
}
