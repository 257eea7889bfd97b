from tests.hosts import host as plain
from tests.hosts.own_admin.admin import office


class Host(plain.Host):
    admin_site = office


host = Host()
