// Package permissions says what the function itself must be allowed to do, derived from the calls that it makes. The CDK
// half grants it, and a test holds template.yaml to it.
package permissions
