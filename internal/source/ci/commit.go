package ci

import (
	"regexp"
	"strings"
)

// wrongSHA is a sha in lower case, or what is wrong with it.
func wrongSHA(s string) (sha, message string) {
	if sha = strings.ToLower(s); hexSHA.MatchString(sha) {
		return sha, ""
	}
	return "", "must be 7 to 64 hexadecimal digits"
}

var reverts = regexp.MustCompile(`(?i)this reverts commit [0-9a-f]{7,64}`)

// shortMessage is what is kept of a commit's message: the first line, and what it
// says to revert.
func shortMessage(message string) string {
	first, rest, _ := strings.Cut(strings.TrimSpace(message), "\n")
	first = strings.TrimSpace(first)
	if len(first) > maxLong {
		first = strings.ToValidUTF8(first[:maxLong], "")
	}
	if found := reverts.FindAllString(rest, maxReverts); len(found) > 0 {
		return first + "\n\n" + strings.Join(found, "\n")
	}
	return first
}

// maxReverts is how many commits a message may say to revert.
const maxReverts = 20
