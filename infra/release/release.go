package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"personalize-role/infra/bundle"
	"personalize-role/infra/parameters"
	"personalize-role/lambda/properties"
)

// Names of a release's files.
const (
	TemplateName = "template.yaml"
	PageName     = "launch.html"
	SumsName     = "SHA256SUMS"
)

// prefix is the folder of all releases in a bucket.
const prefix = "personalize-role/"

// File is a file of a release.
type File struct {
	Name string
	Body []byte
}

// Release is one version, as it is in the bucket of every Region. The same source produces the same bytes.
type Release struct {
	Version string
	// Bucket is the name of the buckets, to which a hyphen and the Region are added.
	Bucket string
	// Files end with the template, the page and the sums, so that what they refer to is there before they are.
	Files []File
}

// Make builds the function of the module in a folder for both architectures. The template is for the Regions named, and no other.
func Make(ctx context.Context, root, bucket string, regions []string) (Release, error) {
	r := Release{Version: properties.Version, Bucket: bucket}
	buckets := map[string]string{}
	for _, region := range regions {
		buckets[region] = r.BucketIn(region)
	}
	all, err := files(ctx, root, func(template []byte) ([]byte, error) {
		return bundle.InRegions(template, buckets, r.Key("function-${Architecture}.zip"))
	})
	if err != nil {
		return r, err
	}
	template, err := parameters.Read(all[len(all)-1].Body)
	if err != nil {
		return r, err
	}
	page, err := r.Page(template, regions, DefaultStack, nil)
	if err != nil {
		return r, err
	}
	all = append(all, File{PageName, page})
	all = append(all, File{SumsName, sums(all)})
	r.Files = all
	return r, nil
}

// Files returns the files of a release that is in no bucket: the template is that of the sources, and roleplan is for three systems.
func Files(ctx context.Context, root string) ([]File, error) {
	all, err := files(ctx, root, func(template []byte) ([]byte, error) { return template, nil })
	if err != nil {
		return nil, err
	}
	for _, system := range []string{"linux", "darwin", "windows"} {
		for _, arch := range []string{"amd64", "arm64"} {
			tool, err := plan(ctx, root, system, arch)
			if err != nil {
				return nil, err
			}
			all = append(all, tool)
		}
	}
	return append(all, File{SumsName, sums(all)}), nil
}

// plan returns roleplan for an operating system and an architecture, as Go names them.
func plan(ctx context.Context, root, system, arch string) (File, error) {
	dir, err := os.MkdirTemp("", "roleplan")
	if err != nil {
		return File{}, err
	}
	defer os.RemoveAll(dir)
	name := "roleplan-" + system + "-" + arch
	if system == "windows" {
		name += ".exe"
	}
	if err := bundle.BuildPlan(ctx, root, system, arch, filepath.Join(dir, name)); err != nil {
		return File{}, err
	}
	body, err := os.ReadFile(filepath.Join(dir, name))
	return File{name, body}, err
}

// files returns the zips and the template, which comes last.
func files(ctx context.Context, root string, point func(template []byte) ([]byte, error)) ([]File, error) {
	var all []File
	for _, arch := range []string{"arm64", "amd64"} {
		zip, err := bundle.Make(ctx, root, arch)
		if err != nil {
			return nil, err
		}
		all = append(all, File{"function-" + bundle.Architecture(arch) + ".zip", zip})
	}
	template, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		return nil, err
	}
	if template, err = point(template); err != nil {
		return nil, err
	}
	return append(all, File{TemplateName, template}), nil
}

// sums are the checksums as sha256sum -c reads them.
func sums(files []File) []byte {
	var b bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(f.Body), f.Name)
	}
	return b.Bytes()
}

// Key is the key of a file in the buckets.
func (r Release) Key(name string) string { return prefix + r.Version + "/" + name }

// BucketIn is the name of a Region's bucket.
func (r Release) BucketIn(region string) string { return r.Bucket + "-" + region }

// URL is the address of a file of the release in a Region.
func (r Release) URL(region, name string) string {
	return fmt.Sprintf("https://%s.s3.%s.%s/%s", r.BucketIn(region), region, domainOf(region).services, r.Key(name))
}

// TemplateURL is where CloudFormation finds the template.
func (r Release) TemplateURL(region string) string { return r.URL(region, TemplateName) }

// domains are those of a partition. See https://docs.aws.amazon.com/general/latest/gr/rande.html
type domains struct{ partition, services, console string }

func domainOf(region string) domains {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return domains{"aws-cn", "amazonaws.com.cn", "console.amazonaws.cn"}
	case strings.HasPrefix(region, "us-gov-"):
		return domains{"aws-us-gov", "amazonaws.com", "console.amazonaws-us-gov.com"}
	}
	return domains{"aws", "amazonaws.com", "console.aws.amazon.com"}
}
