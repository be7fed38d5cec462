package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// documents are the texts for people who read, as paths from the root of the project.
func documents(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(found) < 10 {
		t.Fatal(found, err)
	}
	out := []string{"README.md", "CHANGELOG.md"}
	for _, file := range found {
		out = append(out, "docs/"+filepath.Base(file))
	}
	return out
}

// TestDocumentLinks: what documents link to is there, with the heading that they name.
func TestDocumentLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	anchors := map[string][]string{}
	seen := 0
	for _, name := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(prose(read(t, "../../"+name)), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			seen++
			path, fragment, _ := strings.Cut(m[1], "#")
			target := name
			if path != "" {
				target = filepath.Join(filepath.Dir(name), path)
			}
			if _, err := os.Stat("../../" + target); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
				continue
			}
			if fragment == "" {
				continue
			}
			if anchors[target] == nil {
				anchors[target] = anchorsOf(read(t, "../../"+target))
			}
			if !slices.Contains(anchors[target], fragment) {
				t.Errorf("%s links to %s, and %s has no such heading", name, m[1], target)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d links were found", seen)
	}
}

var (
	fence    = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	codeSpan = regexp.MustCompile("`[^`\n]+`")
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
	anchor   = regexp.MustCompile(`<a id="([^"]+)">`)
)

// prose is a document without its code.
func prose(text string) string {
	return codeSpan.ReplaceAllString(fence.ReplaceAllString(text, ""), "")
}

// anchorsOf are the fragments of a document that a link may name: its headings as the
// places that show Markdown call them, and its own.
func anchorsOf(text string) []string {
	var out []string
	text = fence.ReplaceAllString(text, "")
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		id := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, m[1])
		out = append(out, id)
	}
	for _, m := range anchor.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

// codeOf is all code of a document, a line or span each.
func codeOf(text string) []string {
	var out []string
	for _, block := range fence.FindAllString(text, -1) {
		out = append(out, strings.Split(strings.ReplaceAll(block, "\\\n", " "), "\n")...)
	}
	for _, span := range codeSpan.FindAllString(fence.ReplaceAllString(text, ""), -1) {
		out = append(out, strings.Trim(span, "`"))
	}
	return out
}

// TestAnchors: headings are called as in links to them.
func TestAnchors(t *testing.T) {
	got := anchorsOf("# Who may read `/metrics`?\n\n<a id=\"here\"></a>\n\n```sh\n# no heading\n```\n\n### Что дальше\n")
	if want := []string{"who-may-read-metrics", "что-дальше", "here"}; !slices.Equal(got, want) {
		t.Errorf("anchors %q, want %q", got, want)
	}
}
