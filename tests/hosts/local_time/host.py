from tests.hosts.host import Host

host = Host()
