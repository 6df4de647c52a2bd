"""moto's server, but each answer leaves in one piece.

moto's own command sends headers and body apart. Terraform's AWS provider (5.100, Go 1.23) now and then closes the connection between the two
on a busy machine and sends the request again. moto then has what was asked for twice, or refuses the second: InvalidGroup.Duplicate,
InvalidSubnet.Conflict, InvalidPermission.NotFound."""

from moto.server import main
from werkzeug.serving import WSGIRequestHandler

WSGIRequestHandler.wbufsize = 1 << 16

if __name__ == "__main__":
    main()
