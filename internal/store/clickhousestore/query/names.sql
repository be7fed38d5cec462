SELECT issue, key, title, type FROM issues FINAL WHERE issue IN @issues
