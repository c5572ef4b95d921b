sigma.model @m sequence 8 {
  sigma.embedding vocabulary 8 width 8
  sigma.repeat 9223372036854775807 {
  }
  sigma.head untied
}
