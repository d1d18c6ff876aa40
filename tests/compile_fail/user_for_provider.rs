use confidant::{Address, DeviceId, Provider, UserId};

fn address(provider: Provider, user: UserId, device: DeviceId) -> Address {
    Address::new(user, provider, device)
}

fn main() {}
