"""Understanding source code: language front-ends -> facts -> resolution -> catalog matches."""
