module github.com/tocos/tocos/clients/go

go 1.24
