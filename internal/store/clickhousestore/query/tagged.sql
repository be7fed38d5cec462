SELECT issue, tagged FROM issues FINAL WHERE tagged != '' AND NOT gone
