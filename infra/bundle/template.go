package bundle

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ZipName is the name of the zip beside the template that refers to it.
const ZipName = "function.zip"

// Point makes template.yaml refer to the zip beside it, and default to the architecture that the zip was built for. The zip
// and not the folder, since the AWS CLI names a folder's upload by the times of its files.
func Point(template []byte, arch string) ([]byte, error) {
	pointed, err := replaceOnce(template, "      Code: lambda\n", "      Code: "+ZipName+"\n")
	if err != nil {
		return nil, err
	}
	return replaceOnce(pointed, "    Default: arm64\n", "    Default: "+Architecture(arch)+"\n")
}

// InBucket makes template.yaml refer to a zip in a bucket, as packaging does.
func InBucket(template []byte, bucket, key, arch string) ([]byte, error) {
	pointed, err := Point(template, arch)
	if err != nil {
		return nil, err
	}
	return replaceOnce(pointed, "      Code: "+ZipName+"\n", fmt.Sprintf("      Code: {S3Bucket: %s, S3Key: %s}\n", bucket, key))
}

// InRegions makes template.yaml refer to a zip in the bucket of the Region that it is deployed to; the key may refer to the template's
// parameters. The buckets are listed one by one: in a Region without a bucket, another account could create it and supply the code.
// CloudFormation refuses the template in such a Region.
func InRegions(template []byte, bucketIn map[string]string, key string) ([]byte, error) {
	pointed, err := replaceOnce(template, "      Code: lambda\n",
		fmt.Sprintf("      Code: {S3Bucket: !FindInMap [ReleaseBuckets, !Ref AWS::Region, Name], S3Key: !Sub '%s'}\n", key))
	if err != nil {
		return nil, err
	}
	var mapping strings.Builder
	mapping.WriteString("Mappings:\n  # The Regions that this version was published to.\n  ReleaseBuckets:\n")
	for _, region := range slices.Sorted(maps.Keys(bucketIn)) {
		fmt.Fprintf(&mapping, "    %s: {Name: %s}\n", region, bucketIn[region])
	}
	return replaceOnce(pointed, "\nConditions:\n", "\n"+mapping.String()+"\nConditions:\n")
}

func replaceOnce(text []byte, old, replacement string) ([]byte, error) {
	if n := bytes.Count(text, []byte(old)); n != 1 {
		return nil, fmt.Errorf("point the template to the zip: %q occurs %d times, not once", old, n)
	}
	return bytes.Replace(text, []byte(old), []byte(replacement), 1), nil
}
