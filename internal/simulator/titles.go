package simulator

// summary is the title of the issue.
func (s *state) summary() string {
	if s.title != "" {
		return s.title
	}
	c := s.of.c
	verb := verbs[s.typ]
	things := objects[queues[s.of.born].key]
	n := int(c.mix(s.of.n, 5)>>8) + int(s.variant)
	thing := things[int(c.mix(s.of.n, 6)>>8)%len(things)]
	return verb[n%len(verb)] + " " + thing + settings[int(c.mix(s.of.n, 12)>>8)%len(settings)]
}

// descriptionText is "" for the many issues without a description.
func (s *state) descriptionText() string {
	if s.description != "" {
		return s.description
	}
	if s.described == 0 {
		return ""
	}
	first := remarks[int(s.described)%len(remarks)]
	return first + "\n\n" + remarks[int(s.of.c.mix(s.of.n, 7)%uint64(len(remarks)))]
}
