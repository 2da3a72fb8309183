package cfn

import (
	"errors"
	"net/url"
	"strings"

	"personalize-role/lambda/internal/lazyregexp"
)

// Hosts says which hosts an answer may be sent to. CloudFormation's URLs are pre-signed ones of S3, and whoever may invoke the function
// chooses the URL.
type Hosts struct {
	// Any allows every host and plain HTTP, for emulators.
	Any bool
	// Suffixes are the DNS suffixes that a host must be below, such as amazonaws.com.
	Suffixes []string
}

var host = lazyregexp.Regexp(`^(?i)[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?$`)

// parse returns the URL to PUT to. It keeps path and query byte for byte, as they were signed: parsing and printing again would decode
// %3A and %7C. Its errors don't hold any part of the URL.
func (h Hosts) parse(responseURL string) (*url.URL, error) {
	scheme, rest, ok := strings.Cut(responseURL, "://")
	name, path := rest, "/"
	if n := strings.IndexAny(rest, "/?"); n >= 0 {
		name, path = rest[:n], rest[n:]
	}
	path, query, _ := strings.Cut(path, "?")
	if path == "" {
		path = "/"
	}
	if !ok || scheme != "https" && scheme != "http" || !h.Any && !host().MatchString(name) || name == "" {
		return nil, errors.New("the ResponseURL isn't an HTTP URL of a host")
	}
	if !h.Any && (scheme != "https" || !h.allows(name)) {
		return nil, errors.New("the ResponseURL isn't an HTTPS URL below " + strings.Join(h.Suffixes, " or "))
	}
	return &url.URL{Scheme: scheme, Host: name, Opaque: path, RawQuery: query}, nil
}

func (h Hosts) allows(name string) bool {
	name, port, hasPort := strings.Cut(strings.ToLower(name), ":")
	if hasPort && port != "443" {
		return false
	}
	for _, suffix := range h.Suffixes {
		if strings.HasSuffix(name, "."+suffix) {
			return true
		}
	}
	return false
}
