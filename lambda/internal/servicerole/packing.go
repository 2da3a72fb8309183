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
)

// pack returns a value as text that IAM accepts in tags: JSON, compressed, in base64.
func pack(v any) (string, error) {
	plain, err := json.Marshal(v)
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

// maxPacked bounds what unpack reads, in bytes: 50 tags of 256 characters hold less.
const maxPacked = 1 << 16

func unpack(text string, v any) error {
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxPacked))
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, v)
}

// chunks cuts a text into the values of tags whose keys start with the prefix and are numbered.
func chunks(prefix, text string) map[string]string {
	tags := map[string]string{}
	for n := 0; len(text) > 0; n++ {
		cut := min(len(text), MaxTagValue)
		tags[fmt.Sprintf("%s%02d", prefix, n)], text = text[:cut], text[cut:]
	}
	return tags
}

// joined puts the text together again.
func joined(prefix string, tags map[string]string) string {
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if strings.HasPrefix(key, prefix) {
			text.WriteString(tags[key])
		}
	}
	return text.String()
}
