package jira

import (
	"encoding/json"
	"regexp"
	"strings"
)

var cause = regexp.MustCompile(`(?i)root cause:\s*([0-9a-f]{7,64})\b`)

// rootCause is the commit that a description names as the cause, "" when it names
// none: a text, or a document of Atlassian's.
func rootCause(description json.RawMessage) string {
	var text string
	if json.Unmarshal(description, &text) != nil {
		var document node
		if json.Unmarshal(description, &document) != nil {
			return ""
		}
		var b strings.Builder
		document.write(&b)
		text = b.String()
	}
	if m := cause.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// node is a part of a document: a text, or parts of its own. What is marked, a commit
// as code, say, is a text beside that before it.
type node struct {
	Type    string `json:"type"`
	Text    string `json:"text"`
	Content []node `json:"content"`
}

// inline are the parts that stand in a line of text.
var inline = map[string]bool{"text": true, "emoji": true, "mention": true, "status": true, "inlineCard": true}

func (n *node) write(b *strings.Builder) {
	b.WriteString(n.Text)
	for i := range n.Content {
		n.Content[i].write(b)
	}
	if !inline[n.Type] {
		b.WriteByte('\n')
	}
}
