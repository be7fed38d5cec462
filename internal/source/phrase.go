package source

import "errors"

// Phrase is what the message catalogue needs to say a text in the reader's
// language: the text's id below "said." and its arguments, name and value in
// turn. The zero Phrase has nothing but its English.
type Phrase struct {
	ID   string   `json:"id,omitempty"`
	Args []string `json:"args,omitempty"`
}

// Message is a plain sentence for people, in English and as a Phrase.
type Message struct {
	Text string
	Phrase
}

// phraser is an error that can be said in other languages than its own.
type phraser interface{ Phrase() Phrase }

// MessageOf is what err tells people; text is its English.
func MessageOf(err error, text string) Message {
	var p phraser
	if errors.As(err, &p) {
		return Message{text, p.Phrase()}
	}
	return Message{Text: text}
}
