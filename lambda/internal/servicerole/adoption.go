package servicerole

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"personalize-role/lambda/properties"
)

// Original is what an adopted role was before, kept on the role itself, in tags: no other store can outlive a crash.
type Original struct {
	Description        string            `json:"d,omitempty"`
	MaxSessionDuration int               `json:"m,omitempty"`
	Boundary           string            `json:"b,omitempty"`
	Trust              string            `json:"t"`
	Tags               map[string]string `json:"g,omitempty"`
	// Attached are those of the governed policies that were on the role.
	Attached []string `json:"a,omitempty"`
}

const (
	originalPrefix = properties.OwnTagPrefix + "original-"
	maxTagValue    = 256
	maxRoleTags    = 50
)

// Snapshot gives the tags that keep the past of a role about to be adopted. It fails where they don't fit.
func Snapshot(found ObservedRole, d Desired) (map[string]string, error) {
	original := Original{
		Description:        found.Description,
		MaxSessionDuration: found.MaxSessionDuration,
		Boundary:           found.Boundary,
		Trust:              found.Trust,
		Tags:               found.Tags,
	}
	for _, arn := range found.Attached {
		if slices.Contains(d.Identity.Governed(), arn) {
			original.Attached = append(original.Attached, arn)
		}
	}
	text, err := original.encode()
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for n := 0; len(text) > 0; n++ {
		cut := min(len(text), maxTagValue)
		tags[fmt.Sprintf("%s%02d", originalPrefix, n)], text = text[:cut], text[cut:]
	}
	all := maps.Clone(tags)
	maps.Copy(all, found.Tags)
	maps.Copy(all, d.Role.Tags)
	if len(all) > maxRoleTags {
		return nil, fmt.Errorf("it would have %d tags, %d of them to remember what it was; IAM allows %d", len(all), len(tags), maxRoleTags)
	}
	return tags, nil
}

// Original gives the past of an adopted role; false for a role that was created.
func (r ObservedRole) Original() (Original, bool, error) {
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
		if strings.HasPrefix(key, originalPrefix) {
			text.WriteString(r.Tags[key])
		}
	}
	if text.Len() == 0 {
		return Original{}, false, nil
	}
	original, err := decodeOriginal(text.String())
	if err != nil {
		return Original{}, true, fmt.Errorf("read the past of role %s from its tags %sNN: %w", r.Name, originalPrefix, err)
	}
	return original, true, nil
}

func (o Original) encode() (string, error) {
	plain, err := json.Marshal(o)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(plain); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

func decodeOriginal(text string) (Original, error) {
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return Original{}, err
	}
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), 1<<16))
	if err != nil {
		return Original{}, err
	}
	var o Original
	return o, json.Unmarshal(plain, &o)
}

// OwnTagKeys gives the keys of the tags on a role that are the function's.
func (r ObservedRole) OwnTagKeys() []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
		if isOwnTag(key) {
			keys = append(keys, key)
		}
	}
	return keys
}
