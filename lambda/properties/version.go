package properties

// Version is the version of this release, after https://semver.org. The function writes it on what it creates.
const Version = "1.0.0"
