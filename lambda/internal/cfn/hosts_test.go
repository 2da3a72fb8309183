package cfn

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHosts(t *testing.T) {
	hosts := Hosts{Suffixes: []string{"amazonaws.com", "api.aws"}}
	for url, ok := range map[string]bool{
		"https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/x?y": true,
		"https://bucket.s3.eu-west-1.AMAZONAWS.com:443/x":                                        true,
		"https://bucket.s3.dualstack.eu-west-1.amazonaws.com/x":                                  true,
		"https://bucket.s3.eu-west-1.api.aws/x":                                                  true,
		"http://bucket.s3.eu-west-1.amazonaws.com/x":                                             false,
		"https://bucket.s3.eu-west-1.amazonaws.com:8443/x":                                       false,
		"https://amazonaws.com/x":                                                                false,
		"https://evilamazonaws.com/x":                                                            false,
		"https://amazonaws.com.evil.example/x":                                                   false,
		"https://bucket.amazonaws.com@evil.example/x":                                            false,
		"https://evil.example#.amazonaws.com/x":                                                  false,
		"https://evil.example\\.amazonaws.com/x":                                                 false,
		"https://169.254.169.254/x":                                                              false,
		"https://[::1]/x":                                                                        false,
		"https:///x":                                                                             false,
		"file:///etc/passwd":                                                                     false,
		"":                                                                                       false,
	} {
		if _, err := hosts.parse(url); (err == nil) != ok {
			t.Errorf("%s: got %v, want allowed %v", url, err, ok)
		}
	}
}

// With an endpoint configured any host is good, but there has to be one.
func TestAnyHost(t *testing.T) {
	for url, ok := range map[string]bool{"http://127.0.0.1:4566/x": true, "https://h": true, "http:///x": false, "http://?x": false,
		"http://": false} {
		if _, err := (Hosts{Any: true}).parse(url); (err == nil) != ok {
			t.Errorf("%s: got %v, want allowed %v", url, err, ok)
		}
	}
}

// Neither what a server sends nor what the resolver says reaches the log or the caller.
func TestTargetsStaySecret(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://5ecre7\x7f:bad port/")
		w.WriteHeader(http.StatusFound)
	}))
	t.Cleanup(server.Close)
	for _, url := range []string{server.URL + "/x", "http://5ecre7.invalid/x"} {
		for _, hosts := range []Hosts{anyHost, {Suffixes: []string{"amazonaws.com"}}} {
			var log bytes.Buffer
			s := quiet(NewSender(slog.New(slog.NewJSONHandler(&log, nil)), hosts, asItIs))
			err := s.Send(t.Context(), url, []byte("{}"))
			if !errors.Is(err, ErrUndelivered) || strings.Contains(err.Error()+log.String(), "5ecre7") ||
				strings.Contains(log.String(), server.URL) {
				t.Errorf("%s: %v, log %s", url, err, log.String())
			}
		}
	}
}
